import { KindeWebhookError } from './errors.js'
import type { FetchKeySet } from './jwks/fetch.js'
import { type JsonWebKeySet, selectRs256Keys } from './jwks/import.js'
import { type BillingLog, type OnWarning, type ShouldLog, toOnWarning } from './log.js'
import type { DataSchemas, NoSchemas } from './standard-schema.js'
import {
  assertEventTypeKeys,
  assertFunction,
  assertKnownOptions,
  assertObject,
  invalidConfiguration,
  parseNumber,
  parseTimer,
  parseUrl,
} from './validate.js'

/** Caching of the issuer's key set. All in milliseconds. */
export interface KeyOptions {
  /** A fetched key set is fresh for this time; a removed key is refused after it. Not below `cooldownMs`. Default: 10 min. */
  maxAgeMs?: number | undefined
  /** An unknown key id triggers at most one fetch in this time, and failed fetches back off up to it. Default: 30 s. */
  cooldownMs?: number | undefined
  /** The timeout of a fetch, its body included. Default: 5 s. */
  timeoutMs?: number | undefined
  /** The last good key set is used for this time beyond `maxAgeMs` while refreshes fail. Default: 24 h. */
  staleIfErrorMs?: number | undefined
}

/** The options of {@link createBillingVerifier}, validated when the verifier is created. Unknown options are refused. */
export interface BillingVerifierOptions<Schemas extends DataSchemas = NoSchemas> {
  /**
   * Your Kinde domain, such as `https://acme.kinde.com` or your custom domain: `https:` (plain `http:` for loopback only),
   * without path, query, fragment or credentials. A trailing slash and white space around it are dropped.
   */
  issuer: string
  /** The URL of the key set: `https:` or loopback, without a query. Not together with `jwks`. Default: `<issuer>/.well-known/jwks`. */
  jwksUri?: string | undefined
  /** A local key set: no network is used. */
  jwks?: JsonWebKeySet | undefined
  /**
   * How far `timestamp` may lie in the past, in milliseconds; `false` for no limit. Default: 72 h, because Kinde tries for
   * 36 h and disables an endpoint at 72 h.
   */
  replayWindowMs?: number | false | undefined
  /** How far `timestamp` may lie in the future, and the leeway for `nbf`, in milliseconds; `exp` has none. Default: 5 min. */
  clockToleranceMs?: number | undefined
  /** Larger tokens and request bodies are refused, in bytes. Default: 1 MiB. */
  maxTokenBytes?: number | undefined
  /** A Standard Schema (valibot, zod, arktype) per event type, which validates and types `event.data`. */
  dataSchemas?: (Schemas & { readonly [Key in Exclude<keyof Schemas, keyof DataSchemas>]: never }) | undefined
  /** Caching of the issuer's key set. */
  keys?: KeyOptions | undefined
  /** Called with warnings. Default: `console.warn`, at most once a minute per code. */
  onWarning?: OnWarning | undefined
  /** Fetches the key set: the global `fetch`, undici's or node-fetch's. Default: the global `fetch`, looked up at each use. */
  fetch?: FetchKeySet | undefined
  /** The clock, in epoch milliseconds. Default: `Date.now`, looked up at each use. */
  now?: (() => number) | undefined
}

/** All options by name. `core.test-d.ts` compares them with the types. */
export const VERIFIER_OPTIONS =
  'issuer jwksUri jwks replayWindowMs clockToleranceMs maxTokenBytes dataSchemas keys onWarning fetch now'
export const KEY_OPTIONS = 'maxAgeMs cooldownMs timeoutMs staleIfErrorMs'

type Resolved<Options> = { readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> }

/** Resolved options: everything but the issuer. The first group has no defaults. */
export type VerifierSettings = Pick<BillingVerifierOptions, 'jwks' | 'jwksUri' | 'fetch'> &
  Resolved<
    Pick<BillingVerifierOptions, 'replayWindowMs' | 'clockToleranceMs' | 'maxTokenBytes' | 'onWarning' | 'now'>
  > & {
    readonly dataSchemas: DataSchemas
    readonly keys: KeySettings
  }

export type KeySettings = Resolved<KeyOptions>

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/**
 * Validates options and fills in defaults.
 *
 * @param options - The verifier's options. Others are ignored here.
 * @param log - The log that warnings go to by default. Default: the console.
 * @param shouldLog - The limit of that log. Default: the process's.
 * @throws KindeWebhookError `invalid_configuration`
 */
export function resolveVerifierOptions(
  options: Omit<BillingVerifierOptions<DataSchemas>, 'issuer'>,
  log?: BillingLog,
  shouldLog?: ShouldLog,
): VerifierSettings {
  const { jwks, jwksUri, replayWindowMs, onWarning, fetch, now } = options
  if (jwks !== undefined && jwksUri !== undefined)
    throw new KindeWebhookError('invalid_configuration', 'jwks and jwksUri are both set: leave one of them out.')
  if (jwks !== undefined && selectRs256Keys(jwks).length === 0)
    throw invalidConfiguration(
      'jwks',
      jwks,
      'pass a JSON Web Key Set with a public RSA key of 2048 bits or more and a kid',
    )
  for (const [name, value] of Object.entries({ onWarning, fetch, now })) assertFunction(name, value)
  return {
    jwks,
    jwksUri: jwksUri === undefined ? undefined : parseUrl('jwksUri', jwksUri).href,
    replayWindowMs:
      replayWindowMs === false
        ? false
        : parseNumber('replayWindowMs', replayWindowMs, 72 * HOUR, Number.MAX_VALUE, 'false for no limit, '),
    clockToleranceMs: parseNumber('clockToleranceMs', options.clockToleranceMs, 5 * MINUTE),
    maxTokenBytes: parseNumber('maxTokenBytes', options.maxTokenBytes, 1024 * 1024),
    dataSchemas: resolveSchemas(options.dataSchemas ?? {}),
    keys: resolveKeyOptions(options.keys ?? {}),
    onWarning: toOnWarning(onWarning, log, shouldLog),
    fetch,
    // Looked up at each use, so that fake timers that are set later are seen.
    now: now ?? (() => Date.now()),
  }
}

function resolveKeyOptions(keys: KeyOptions): KeySettings {
  assertObject('keys', keys, 'pass an object, such as { timeoutMs: 3000 }')
  assertKnownOptions('keys', keys, KEY_OPTIONS.split(' '))
  const maxAgeMs = parseNumber('keys.maxAgeMs', keys.maxAgeMs, 10 * MINUTE)
  const cooldownMs = parseNumber('keys.cooldownMs', keys.cooldownMs, 30 * SECOND)
  const timeoutMs = parseTimer('keys.timeoutMs', keys.timeoutMs, 5 * SECOND)
  const staleIfErrorMs = parseNumber('keys.staleIfErrorMs', keys.staleIfErrorMs, 24 * HOUR)
  if (maxAgeMs < cooldownMs)
    throw invalidConfiguration('keys.maxAgeMs', maxAgeMs, `it must not be below keys.cooldownMs (${cooldownMs})`)
  return { maxAgeMs, cooldownMs, timeoutMs, staleIfErrorMs }
}

function resolveSchemas(schemas: DataSchemas): DataSchemas {
  assertEventTypeKeys('dataSchemas', schemas, 'pass an object, keyed by event type')
  for (const [type, schema] of Object.entries(schemas))
    if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function')
      throw invalidConfiguration(`dataSchemas['${type}']`, schema, 'pass a Standard Schema (valibot, zod, arktype)')
  return schemas
}
