import { isKindeWebhookError } from '@kinde-billing/core'
import { assertFunction, assertKnownOptions, invalidConfiguration, parseTimer } from '@kinde-billing/core/internal'
import { KindeManagementError } from './errors.js'

/** Sends a request: the part of `fetch` that is used, which undici's and node-fetch's have too. */
export type ManagementFetch = (
  url: string,
  init: {
    /** The HTTP method. */
    method: string
    /** All headers, by lower-case name. */
    headers: Record<string, string>
    /** JSON or a form. Absent if the request has no body. */
    body?: string
    /** Redirects are refused. */
    redirect: 'manual'
    /** Aborted at the time limit. */
    signal: AbortSignal
  },
) => Promise<{
  /** The HTTP status. */
  readonly status: number
  /** The headers. */
  readonly headers: {
    /** Calls back with each header. */
    forEach(callback: (value: string, name: string) => void): void
  }
  /** Reads the whole body. */
  arrayBuffer(): Promise<ArrayBuffer>
}>

/** The options of `createManagementClient`. White space around the first three is trimmed. */
export interface ManagementClientOptions {
  /**
   * Your Kinde domain, `https://<subdomain>.kinde.com`, also if you use a custom domain. Plain `http:` is for loopback only.
   * Default: the environment variable `KINDE_DOMAIN`.
   */
  readonly domain?: string | undefined
  /** The client id of a machine-to-machine application. Default: `KINDE_MANAGEMENT_CLIENT_ID`. */
  readonly clientId?: string | undefined
  /** The client secret of that application. Default: `KINDE_MANAGEMENT_CLIENT_SECRET`. */
  readonly clientSecret?: string | undefined
  /** The time limit of one request, its body included, in milliseconds. Default: 10,000. */
  readonly timeoutMs?: number | undefined
  /**
   * The longest wait that Kinde's `RateLimit-Reset` may ask for, in milliseconds. A longer one is `rate_limited` at once.
   * Default: 60,000.
   */
  readonly maxWaitMs?: number | undefined
  /** Sends a request: the global `fetch`, undici's or node-fetch's. Default: the global `fetch`, looked up at each use. */
  readonly fetch?: ManagementFetch | undefined
  /** The clock, in epoch milliseconds. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
}

/** Options with defaults filled in. */
export interface ManagementSettings {
  readonly domain: string
  readonly clientId: string
  readonly clientSecret: string
  readonly timeoutMs: number
  readonly maxWaitMs: number
  readonly fetch: ManagementFetch
  readonly now: () => number
}

const KNOWN = ['domain', 'clientId', 'clientSecret', 'timeoutMs', 'maxWaitMs', 'fetch', 'now']
const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

/**
 * Validates the options and fills in defaults.
 *
 * @throws KindeManagementError `invalid_configuration`. No message contains the secret.
 */
export function resolveOptions(options: ManagementClientOptions): ManagementSettings {
  refuseUnknownOptions('createManagementClient', options, KNOWN)
  const { fetch = (url, init) => globalThis.fetch(url, init), now = () => Date.now() } = options
  asManagementError(() => {
    assertFunction('fetch', fetch)
    assertFunction('now', now)
  })
  return {
    domain: parseDomain(readSetting('domain', options.domain, 'KINDE_DOMAIN')),
    clientId: readSetting('clientId', options.clientId, 'KINDE_MANAGEMENT_CLIENT_ID'),
    clientSecret: readSetting('clientSecret', options.clientSecret, 'KINDE_MANAGEMENT_CLIENT_SECRET'),
    timeoutMs: asManagementError(() => parseTimer('timeoutMs', options.timeoutMs, 10_000)),
    maxWaitMs: asManagementError(() => parseTimer('maxWaitMs', options.maxWaitMs, 60_000)),
    fetch,
    now,
  }
}

/**
 * Refuses options that do not exist, with a "did you mean".
 *
 * @throws KindeManagementError `invalid_configuration`
 */
export function refuseUnknownOptions(where: string, options: unknown, known: readonly string[]): void {
  asManagementError(() => assertKnownOptions(where, options, known))
}

/**
 * Refuses what is not a list of event types, such as the promise of one.
 *
 * @throws KindeManagementError `invalid_configuration`
 */
export function assertEventTypes(where: string, eventTypes: unknown): void {
  if (Array.isArray(eventTypes) && eventTypes.every((type) => typeof type?.code === 'string')) return
  asManagementError(() => {
    throw invalidConfiguration(`eventTypes of ${where}`, eventTypes, 'pass the list, await client.eventTypes()')
  })
}

/** Core's checks throw core's error. */
export function asManagementError<Value>(check: () => Value): Value {
  try {
    return check()
  } catch (error) {
    throw isKindeWebhookError(error) ? new KindeManagementError('invalid_configuration', error.message) : error
  }
}

function readSetting(name: string, option: unknown, variable: string): string {
  const { process } = globalThis as { process?: { env?: { [variable: string]: string | undefined } } }
  const value = option ?? process?.env?.[variable]
  const text = typeof value === 'string' ? value.trim() : ''
  if (isQuoted(text))
    throw new KindeManagementError('invalid_configuration', `${name} (${variable}) is in quotes: remove them.`)
  if (text !== '') return text
  const problem = value === undefined ? 'missing' : typeof value === 'string' ? 'empty' : `a ${typeof value}`
  throw new KindeManagementError(
    'invalid_configuration',
    `${name} is ${problem}: pass it to createManagementClient, or set ${variable}.`,
  )
}

/** Docker's env files keep the quotes around a value. */
function isQuoted(text: string): boolean {
  return /^(["']).*\1$/.test(text)
}

function parseDomain(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url !== undefined && `${url.origin}/` === url.href && !text.includes('?') && !text.includes('#')
  const isSecure = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
  if (url !== undefined && isPlain && isSecure) return url.origin
  throw new KindeManagementError(
    'invalid_configuration',
    `domain (KINDE_DOMAIN) is not a Kinde domain: pass https://<subdomain>.kinde.com, with its scheme and without path, query or credentials.`,
  )
}
