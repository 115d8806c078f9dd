import type { JSONWebKeySet } from 'jose'
import type { DataSchemas, NoSchemas } from './data-schemas.js'
import { KindeWebhookError } from './errors.js'
import { BILLING_EVENT_TYPES, isBillingEventType } from './event-types.js'
import { isJsonObject } from './json.js'
import { usableKeys } from './key-hygiene.js'
import { quote } from './quote.js'
import { guardedHook, type OnWarning, writeWarning } from './warnings.js'

/** How the issuer's key set is kept. All in milliseconds. */
export interface KeyOptions {
  /** How long a fetched key set is fresh; a removed key is refused after that. Not below `cooldownMs`. Default: 10 min. */
  maxAgeMs?: number | undefined
  /** An unknown key id may cause one fetch in this time, and failed fetches back off up to it. Default: 30 s. */
  cooldownMs?: number | undefined
  /** How long a fetch may take, its body included. Default: 5 s. */
  timeoutMs?: number | undefined
  /** How long the last good key set serves beyond `maxAgeMs` while refreshes fail. Default: 24 h. */
  staleIfErrorMs?: number | undefined
}

/** The options of {@link createBillingVerifier}. Each is judged when the verifier is created. */
export interface BillingVerifierOptions<Schemas extends DataSchemas = NoSchemas> {
  /**
   * Your Kinde domain, such as `https://acme.kinde.com` or your custom domain: `https:` (plain `http:` for loopback only),
   * without path, query, fragment or credentials. A trailing slash is dropped.
   */
  issuer: string
  /** Where the keys are, if not at `<issuer>/.well-known/jwks`: `https:` or loopback, without a query. Not beside `jwks`. */
  jwksUri?: string | undefined
  /** The key set itself: no network is used at all. */
  jwks?: JSONWebKeySet | undefined
  /**
   * How far `timestamp` may lie in the past, in milliseconds; `false` for no limit. Default: 72 h, since Kinde itself tries
   * for 36 h and disables an endpoint at 72 h.
   */
  replayWindowMs?: number | false | undefined
  /** How far `timestamp` may lie in the future, and the leeway for `nbf`, in milliseconds; `exp` has none. Default: 5 min. */
  clockToleranceMs?: number | undefined
  /** Larger tokens and request bodies are refused, in bytes. Default: 1 MiB. */
  maxTokenBytes?: number | undefined
  /** A Standard Schema (valibot, zod, arktype) per event type: judges `event.data` and types it. */
  dataSchemas?: (Schemas & { readonly [Key in Exclude<keyof Schemas, keyof DataSchemas>]: never }) | undefined
  /** How the issuer's key set is kept. */
  keys?: KeyOptions | undefined
  /** What an operator should know while deliveries go on. Default: `console.warn`, at most once a minute per code. */
  onWarning?: OnWarning | undefined
  /** Fetches the key set. Default: the global `fetch`, looked up at each use. */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
  /** The clock, in epoch milliseconds. Default: `Date.now`. */
  now?: (() => number) | undefined
}

/** Judged options with defaults filled in: everything but the issuer. */
export interface VerifierSettings {
  readonly jwksUri: string | undefined
  readonly jwks: JSONWebKeySet | undefined
  readonly replayWindowMs: number | false
  readonly clockToleranceMs: number
  readonly maxTokenBytes: number
  readonly dataSchemas: DataSchemas
  readonly keys: KeySettings
  readonly onWarning: OnWarning
  readonly fetch: BillingVerifierOptions['fetch']
  readonly now: () => number
}

export type KeySettings = { readonly [Name in keyof KeyOptions]-?: number }

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** Timers of every runtime end below 2³¹ ms: a longer one fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

export function judgeVerifierOptions(options: Omit<BillingVerifierOptions<DataSchemas>, 'issuer'>): VerifierSettings {
  if (!isJsonObject(options))
    throw misconfigured('options', options, "pass an object, such as { issuer: 'https://acme.kinde.com' }")
  const { jwks, jwksUri, replayWindowMs, onWarning = writeWarning, fetch, now = Date.now } = options
  if (jwks !== undefined && jwksUri !== undefined)
    throw new KindeWebhookError('invalid_configuration', 'jwks and jwksUri are both given: leave one of them out.')
  if (jwks !== undefined && usableKeys(jwks).length === 0)
    throw misconfigured(
      'jwks',
      jwks,
      'pass a JSON Web Key Set, { keys: [...] }, with a public RSA key of 2048 bits or more that has a kid',
    )
  for (const [name, value] of Object.entries({ onWarning, fetch, now })) judgeFunction(name, value)
  return {
    jwks,
    jwksUri: jwksUri === undefined ? undefined : judgeUrl('jwksUri', jwksUri).href,
    replayWindowMs:
      replayWindowMs === false
        ? false
        : judgeNumber('replayWindowMs', replayWindowMs, 72 * HOUR, Number.MAX_VALUE, 'false for no limit, '),
    clockToleranceMs: judgeNumber('clockToleranceMs', options.clockToleranceMs, 5 * MINUTE),
    maxTokenBytes: judgeNumber('maxTokenBytes', options.maxTokenBytes, 1024 * 1024),
    dataSchemas: judgeSchemas(options.dataSchemas ?? {}),
    keys: judgeKeyOptions(options.keys ?? {}),
    onWarning: guardedHook('onWarning', onWarning),
    fetch,
    now,
  }
}

function judgeKeyOptions(keys: KeyOptions): KeySettings {
  if (!isJsonObject(keys)) throw misconfigured('keys', keys, 'pass an object, such as { timeoutMs: 3000 }')
  const settings = {
    maxAgeMs: judgeNumber('keys.maxAgeMs', keys.maxAgeMs, 10 * MINUTE),
    cooldownMs: judgeNumber('keys.cooldownMs', keys.cooldownMs, 30 * SECOND),
    timeoutMs: judgeTimer('keys.timeoutMs', keys.timeoutMs, 5 * SECOND),
    staleIfErrorMs: judgeNumber('keys.staleIfErrorMs', keys.staleIfErrorMs, 24 * HOUR),
  }
  if (settings.maxAgeMs < settings.cooldownMs)
    throw misconfigured(
      'keys.maxAgeMs',
      settings.maxAgeMs,
      `it must not be below keys.cooldownMs (${settings.cooldownMs})`,
    )
  return settings
}

function judgeSchemas(schemas: DataSchemas): DataSchemas {
  if (!isJsonObject(schemas)) throw misconfigured('dataSchemas', schemas, 'pass an object, keyed by event type')
  for (const [type, schema] of Object.entries(schemas)) {
    judgeEventType('dataSchemas', type)
    if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function')
      throw misconfigured(
        `dataSchemas['${type}']`,
        schema,
        'pass a Standard Schema, as valibot, zod and arktype make them',
      )
  }
  return schemas
}

export function judgeEventType(option: string, type: string): void {
  if (!isBillingEventType(type))
    throw misconfigured(option, type, `it is keyed by event type: one of ${BILLING_EVENT_TYPES.join(', ')}`)
}

export function judgeNumber(
  name: string,
  value: unknown,
  fallback: number,
  max: number = Number.MAX_VALUE,
  alternative = '',
): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value >= 0 && value <= max) return value
  const limit = max === MAX_TIMER_MS ? 'below 2147483648' : 'finite'
  throw misconfigured(
    name,
    value,
    `pass a number that is ${limit} and not negative, ${alternative}or leave it out for ${fallback}`,
  )
}

/** {@link judgeNumber} for what feeds a timer. */
export function judgeTimer(name: string, value: unknown, fallback: number): number {
  return judgeNumber(name, value, fallback, MAX_TIMER_MS)
}

export function judgeFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function')
    throw misconfigured(name, value, 'pass a function, or leave it out')
}

/** The issuer in its one form: scheme and host, without a slash at the end. `name` is where it was set. */
export function judgeIssuer(issuer: unknown, name = 'issuer'): string {
  const url = judgeUrl(name, issuer)
  if (url.pathname !== '/') throw misconfigured(name, issuer, `pass your Kinde domain without a path, ${url.origin}`)
  return url.origin
}

const PLAIN_URL = /^https?:\/\/[^/?#@\\\s]+(?:\/[^?#@\\\s]*)?$/i
const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

function judgeUrl(name: string, value: unknown): URL {
  const mend =
    'pass a URL such as https://acme.kinde.com, with its scheme and without query, fragment, credentials or spaces'
  // URL forgives what a setting should not hold: spaces around, a missing slash, backslashes
  if (typeof value !== 'string' || !PLAIN_URL.test(value) || !URL.canParse(value))
    throw misconfigured(name, value, mend)
  const url = new URL(value)
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw misconfigured(
      name,
      value,
      'use https: plain http: is for loopback only, since whoever can change the key set can sign events',
    )
  return url
}

export function misconfigured(name: string, value: unknown, mend: string): KindeWebhookError {
  return new KindeWebhookError('invalid_configuration', `${name} is ${quote(value, 120)}: ${mend}.`)
}
