import { KindeWebhookError } from '../errors.js'
import { errorMessage, escapeText, format } from '../format.js'
import type { BillingWarning, OnWarning } from '../log.js'
import type { KeySettings } from '../options.js'
import { withTimeout } from '../with-timeout.js'
import { type FetchKeySet, fetchKeys } from './fetch.js'
import { importKeys, type JsonWebKeySet, type Keys } from './import.js'

/** The keys of an issuer. Verifiers with different clocks and warnings share one, so each call brings its own. */
export interface KeySet {
  /** The keys that need no fetch. */
  findFresh(kid: string, now: number): readonly CryptoKey[] | undefined
  /** @throws KindeWebhookError `unknown_key`, `keys_unavailable` */
  find(kid: string, now: number, onWarning: OnWarning): Promise<readonly CryptoKey[]>
}

/** A key set that was passed as an option: no network, no clock. */
export function localKeySet(jwks: JsonWebKeySet): KeySet {
  const imported = importKeys(jwks)
  return { findFresh: () => undefined, find: async (kid) => (await imported).get(kid) ?? throwUnknownKey(kid) }
}

const MAX_SHARED = 100
const shared: { id: string; fetch: FetchKeySet | undefined; keySet: KeySet }[] = []

/** The place of a key set, and how it is fetched and cached. */
export interface KeySource {
  readonly url: string
  readonly fetch: FetchKeySet | undefined
  readonly settings: KeySettings
}

/** One key set per URL, `fetch` and settings in this copy of the package, so that a verifier per call costs no fetch. */
export function sharedKeySet(source: KeySource): KeySet {
  const { url, fetch, settings } = source
  const id = JSON.stringify([url, settings])
  const index = shared.findIndex((entry) => entry.id === id && entry.fetch === fetch)
  const [entry = { id, fetch, keySet: new RemoteKeySet(source) }] = index === -1 ? [] : shared.splice(index, 1)
  shared.push(entry)
  if (shared.length > MAX_SHARED) shared.shift()
  return entry.keySet
}

/** The longest time a call waits for a refresh while an older key set can serve. */
const REFRESH_WAIT_MS = 1000
const FIRST_BACKOFF_MS = 1000

/** Result of a refresh: `pending` is still running, `cooling` was not started. */
type RefreshResult = 'fetched' | 'failed' | 'pending' | 'cooling'

/**
 * The issuer's key set, cached so that a flood of forgeries or an outage costs the issuer almost nothing and genuine
 * deliveries continue. jose's remote key set is not used: its cooldown counts only successful fetches, an expired set is
 * refused at once when the issuer is down, an empty set replaces a good one, and the body is read whole.
 */
class RemoteKeySet implements KeySet {
  readonly #source: KeySource
  #latest: { readonly keys: Keys; readonly fetchedAt: number } | undefined
  #attempt: { readonly startedAt: number; readonly result: Promise<RefreshResult> } | undefined
  #lastStartedAt = Number.NEGATIVE_INFINITY
  #failures = 0
  #failure = ''

  constructor(source: KeySource) {
    this.#source = source
  }

  findFresh(kid: string, now: number): readonly CryptoKey[] | undefined {
    return this.#cachedWithin(this.#source.settings.maxAgeMs, now)?.keys.get(kid)
  }

  async find(kid: string, now: number, onWarning: OnWarning): Promise<readonly CryptoKey[]> {
    const { maxAgeMs, staleIfErrorMs, cooldownMs, timeoutMs } = this.#source.settings
    const refresh = this.#cachedWithin(maxAgeMs, now) === undefined ? await this.#refresh(now) : undefined
    const cached = refresh === 'fetched' ? this.#latest : this.#cachedWithin(maxAgeMs + staleIfErrorMs, now)
    if (cached === undefined) throw this.#unavailable(now)
    const keys = cached.keys.get(kid)
    if (keys !== undefined) {
      if (this.#failures > 0) onWarning(this.#staleWarning(now - cached.fetchedAt))
      return keys
    }
    // The issuer may have a new key. One fetch per cooldown finds out, however many forgeries arrive.
    const refetch = refresh === 'fetched' ? refresh : await this.#fetchOnce(now, cooldownMs, timeoutMs)
    if (refetch === 'fetched') return this.#latest?.keys.get(kid) ?? throwUnknownKey(kid)
    if (refetch === 'cooling' && this.#failures === 0) return throwUnknownKey(kid)
    throw this.#unavailable(now)
  }

  #cachedWithin(ageMs: number, now: number) {
    return this.#latest !== undefined && isWithin(now - this.#latest.fetchedAt, ageMs) ? this.#latest : undefined
  }

  #refresh(now: number): Promise<RefreshResult> {
    const { maxAgeMs, staleIfErrorMs, timeoutMs } = this.#source.settings
    if (this.#cachedWithin(maxAgeMs + staleIfErrorMs, now) === undefined) return this.#fetchOnce(now, 0, timeoutMs)
    // A failure of long ago says nothing about the issuer now: after a quiet night its response is waited for again.
    const isFailing = this.#failures > 0 && isWithin(now - this.#lastStartedAt, maxAgeMs)
    return this.#fetchOnce(now, 0, isFailing ? 0 : REFRESH_WAIT_MS)
  }

  /** Joins the running fetch or starts one, and waits for it at most `waitMs`. */
  async #fetchOnce(now: number, pauseMs: number, waitMs: number): Promise<RefreshResult> {
    // workerd cuts a fetch when the request that began it is answered, and it never settles.
    if (this.#attempt !== undefined && !isWithin(now - this.#attempt.startedAt, this.#source.settings.timeoutMs + 1000))
      this.#fail(new Error('it did not settle'))
    const pause = this.#failures > 0 ? this.#backoffMs() : pauseMs
    if (this.#attempt === undefined && isWithin(now - this.#lastStartedAt, pause)) return 'cooling'
    const result = this.#attempt?.result ?? this.#start(now)
    return waitMs === 0 ? 'pending' : withTimeout(result, waitMs, () => 'pending')
  }

  #start(now: number): Promise<RefreshResult> {
    // An attempt that was given up may still settle. It must not bring an old set back.
    const isCurrent = (): boolean => this.#attempt?.result === result
    const { url, fetch = globalThis.fetch, settings } = this.#source
    const result: Promise<RefreshResult> = fetchKeys(url, fetch, settings.timeoutMs).then(
      (keys) => {
        if (!isCurrent()) return 'failed'
        this.#attempt = undefined
        this.#failures = 0
        this.#latest = { keys, fetchedAt: now }
        return 'fetched'
      },
      (error: unknown) => (isCurrent() ? this.#fail(error) : 'failed'),
    )
    this.#attempt = { startedAt: now, result }
    this.#lastStartedAt = now
    return result
  }

  #fail(error: unknown): RefreshResult {
    this.#attempt = undefined
    this.#failures += 1
    this.#failure = errorMessage(error, 120)
    return 'failed'
  }

  #backoffMs(): number {
    return Math.min(this.#source.settings.cooldownMs, FIRST_BACKOFF_MS * 2 ** (this.#failures - 1))
  }

  #unavailable(now: number): KindeWebhookError {
    const failure = this.#failure === '' ? '' : ` (${this.#failure})`
    return new KindeWebhookError(
      'keys_unavailable',
      `The key set at ${escapeText(this.#source.url, 200)} could not be fetched${failure}. Check issuer or jwksUri, and that this machine can reach it.`,
      { retryAfterMs: this.#failures > 0 ? Math.max(0, this.#lastStartedAt + this.#backoffMs() - now) : undefined },
    )
  }

  #staleWarning(ageMs: number): BillingWarning {
    const { maxAgeMs, staleIfErrorMs } = this.#source.settings
    return {
      code: 'stale_keys',
      message: `The key set at ${escapeText(this.#source.url, 200)} cannot be refreshed (${this.#failure}). The one fetched ${Math.round(ageMs / 60_000)} min ago is used until it is ${Math.round((maxAgeMs + staleIfErrorMs) / 60_000)} min old.`,
    }
  }
}

/** Compares both ways, so that a clock that was set back does not keep a set fresh forever. */
function isWithin(deltaMs: number, spanMs: number): boolean {
  return Math.abs(deltaMs) < spanMs
}

/** Shows part of the kid only: enough to recognize it in the issuer's key set, too little for anyone else. */
function throwUnknownKey(kid: string): never {
  throw new KindeWebhookError(
    'unknown_key',
    `The issuer's key set has no usable key with the kid ${format(kid, Math.min(8, kid.length >> 1))}.`,
  )
}
