import type { JSONWebKeySet } from 'jose'
import { KindeWebhookError } from './errors.js'
import { inTime } from './in-time.js'
import { fetchKeys } from './key-fetch.js'
import { importKeys, type Keys, usableKeys } from './key-hygiene.js'
import { printable, quote, reasonOf } from './quote.js'
import type { KeySettings } from './settings.js'
import type { OnWarning } from './warnings.js'

/** What one call brings: a key set is shared by verifiers with clocks and hooks of their own. */
export interface KeyCall {
  readonly now: number
  readonly onWarning: OnWarning
}

export interface KeySet {
  /**
   * The keys of a kid, at once where the set is fresh.
   *
   * @throws KindeWebhookError `unknown_key`, `keys_unavailable`
   */
  find(kid: string, call: KeyCall): readonly CryptoKey[] | Promise<readonly CryptoKey[]>
}

/** Keys given by hand: no network, no clock. */
export function fixedKeySet(jwks: JSONWebKeySet): KeySet {
  const imported = importKeys(usableKeys(jwks))
  return { find: async (kid) => (await imported).get(kid) ?? unknownKey(kid) }
}

type FetchKeySet = (url: string, init: RequestInit) => Promise<Response>

const MAX_SHARED = 100
const shared: { id: string; fetch: FetchKeySet | undefined; keySet: KeySet }[] = []

/** One key set per URL, `fetch` and settings in this copy of the package, so that a verifier per call costs no fetch. */
export function sharedKeySet(url: string, fetch: FetchKeySet | undefined, settings: KeySettings): KeySet {
  const id = JSON.stringify([url, settings])
  const index = shared.findIndex((entry) => entry.id === id && entry.fetch === fetch)
  const [entry = { id, fetch, keySet: remoteKeySet(url, fetch, settings) }] =
    index === -1 ? [] : shared.splice(index, 1)
  shared.push(entry)
  if (shared.length > MAX_SHARED) shared.shift()
  return entry.keySet
}

/** Where a good set is at hand, a call waits for its refresh no longer than this. */
const GRACE_MS = 1000
const FIRST_BACKOFF_MS = 1000

/** What asking the issuer came to: it answered, it failed, it is still at work, or it must not be asked yet. */
type Answer = 'answered' | 'failed' | 'pending' | 'cooling'

/**
 * The issuer's key set, kept so that a flood of forgeries or an outage costs the issuer almost nothing and genuine
 * deliveries go on. jose's remote key set is not used: its cooldown counts successful fetches only, an expired set is
 * refused at once when the issuer is down, an empty set replaces a good one, and the body is read whole.
 */
function remoteKeySet(url: string, fetch: FetchKeySet | undefined, settings: KeySettings): KeySet {
  const { maxAgeMs, cooldownMs, timeoutMs, staleIfErrorMs } = settings
  let good: { readonly keys: Keys; readonly fetchedAt: number } | undefined
  let attempt: { readonly startedAt: number; readonly done: Promise<Answer> } | undefined
  let lastAskedAt = Number.NEGATIVE_INFINITY
  let failures = 0
  let reason = ''

  /** The last good set, while it is younger than this. */
  const goodWithin = (ageMs: number, now: number): typeof good =>
    good !== undefined && isWithin(now - good.fetchedAt, ageMs) ? good : undefined

  const backoffMs = (): number => Math.min(cooldownMs, FIRST_BACKOFF_MS * 2 ** (failures - 1))

  const fail = (error: unknown): Answer => {
    attempt = undefined
    failures += 1
    reason = describe(error)
    return 'failed'
  }

  const start = (now: number): Promise<Answer> => {
    // an attempt that was given up for dead may still settle: it must not bring an old set back
    const isCurrent = (): boolean => attempt?.done === done
    const done: Promise<Answer> = fetchKeys(url, fetch ?? globalThis.fetch, timeoutMs).then(
      (keys) => {
        if (!isCurrent()) return 'failed'
        attempt = undefined
        failures = 0
        good = { keys, fetchedAt: now }
        return 'answered'
      },
      (error: unknown) => (isCurrent() ? fail(error) : 'failed'),
    )
    attempt = { startedAt: now, done }
    lastAskedAt = now
    return done
  }

  /** Joins the fetch under way or starts one, and waits for it on a timer of its own. */
  const ask = async (now: number, pauseMs: number, waitMs: number): Promise<Answer> => {
    // workerd cuts a fetch when the request that began it is answered, and it never settles
    if (attempt !== undefined && !isWithin(now - attempt.startedAt, timeoutMs + 1000))
      fail(new Error('it did not settle'))
    if (attempt === undefined && isWithin(now - lastAskedAt, failures > 0 ? backoffMs() : pauseMs)) return 'cooling'
    const done = attempt?.done ?? start(now)
    return waitMs === 0 ? 'pending' : inTime(done, waitMs, () => 'pending')
  }

  const refresh = (now: number): Promise<Answer> => {
    if (goodWithin(maxAgeMs + staleIfErrorMs, now) === undefined) return ask(now, 0, timeoutMs)
    // a failure of long ago says nothing of the issuer now: after a quiet night its answer is waited for again
    const isFailing = failures > 0 && isWithin(now - lastAskedAt, maxAgeMs)
    return ask(now, 0, isFailing ? 0 : GRACE_MS)
  }

  const findOrAsk = async (kid: string, { now, onWarning }: KeyCall): Promise<readonly CryptoKey[]> => {
    const first = goodWithin(maxAgeMs, now) === undefined ? await refresh(now) : undefined
    const atHand = first === 'answered' ? good : goodWithin(maxAgeMs + staleIfErrorMs, now)
    if (atHand === undefined) throw unavailable(now)
    const keys = atHand.keys.get(kid)
    if (keys !== undefined) {
      if (failures > 0) onWarning(stale(now - atHand.fetchedAt))
      return keys
    }
    const second = first === 'answered' ? first : await ask(now, cooldownMs, timeoutMs)
    if (second === 'answered') return good?.keys.get(kid) ?? unknownKey(kid)
    if (second === 'cooling' && failures === 0) return unknownKey(kid)
    throw unavailable(now)
  }

  const unavailable = (now: number): KindeWebhookError =>
    new KindeWebhookError(
      'keys_unavailable',
      `The key set at ${printable(url, 200)} could not be fetched${reason && ` (${reason})`}: check issuer or jwksUri, and that this machine may reach it.`,
      { retryAfterMs: failures > 0 ? Math.max(0, lastAskedAt + backoffMs() - now) : undefined },
    )

  const stale = (ageMs: number) => ({
    code: 'stale_keys' as const,
    message: `The key set at ${printable(url, 200)} cannot be refreshed (${reason}). The one fetched ${Math.round(ageMs / 60_000)} min ago serves until it is ${Math.round((maxAgeMs + staleIfErrorMs) / 60_000)} min old.`,
  })

  return {
    find: (kid, call) => goodWithin(maxAgeMs, call.now)?.keys.get(kid) ?? findOrAsk(kid, call),
  }
}

/** In either direction: a clock that was set back must not make a set fresh for ever. */
function isWithin(deltaMs: number, spanMs: number): boolean {
  return Math.abs(deltaMs) < spanMs
}

function describe(error: unknown): string {
  // Node's fetch says no more than "fetch failed", and puts the reason into the cause
  const cause = error instanceof Error && error.cause !== undefined ? `, ${reasonOf(error.cause, 120)}` : ''
  return reasonOf(error, 120) + cause
}

/** Part of the kid only: enough to recognize it in the issuer's key set, too little to be of use to anybody else. */
function unknownKey(kid: string): never {
  throw new KindeWebhookError(
    'unknown_key',
    `The issuer's key set has no usable key with the kid ${quote(kid, Math.min(8, kid.length >> 1))}.`,
  )
}
