import { consoleLog, guardObserver, type OnWarning, warnTo } from '../log.js'
import { assertFunction, assertKnownOptions, assertObject, parseNumber } from '../validate.js'
import { type DeliveryInbox, DiscardEvent } from './inbox.js'

/** The options of {@link createMemoryInbox}. */
export interface MemoryInboxOptions {
  /** How many marks of finished deliveries are kept. Beyond it the oldest is dropped, with a warning. Default: 100,000. */
  maxEntries?: number | undefined
  /**
   * A clock for tests, in milliseconds. Default: `performance.now`, looked up at each use: leases and marks then last as long
   * as they should, even if the system's clock is set forward or back.
   */
  now?: (() => number) | undefined
  /** Called with `inbox_entry_evicted`. Default: `console.warn`, at most once a minute. */
  onWarning?: OnWarning | undefined
}

interface Claim {
  readonly endsAt: number
  readonly controller: AbortController
}

/**
 * Creates an inbox that serves **one process**: a second process, another machine or a serverless instance does not see its
 * marks, and a restart forgets them. For those, use `@kinde-billing/redis` or `@kinde-billing/postgres`.
 *
 * @param options - `maxEntries`, `now` and `onWarning`, all optional.
 * @returns An inbox for `createBillingReceiver` and for the adapters.
 * @throws KindeWebhookError `invalid_configuration` for an unknown option or a value that cannot work.
 *
 * @example
 * ```ts
 * import { createBillingReceiver, createMemoryInbox } from '@kinde-billing/core/receiver'
 *
 * createBillingReceiver({
 *   issuer: 'https://acme.kinde.com',
 *   name: 'billing',
 *   inbox: createMemoryInbox({ maxEntries: 10_000 }),
 *   onEvent: (event) => console.log(event.type),
 * })
 * ```
 */
export function createMemoryInbox(options: MemoryInboxOptions = {}): DeliveryInbox {
  assertObject('options', options, 'pass an object, or leave it out')
  assertKnownOptions('createMemoryInbox', options, ['maxEntries', 'now', 'onWarning'])
  const { now = () => performance.now(), onWarning = warnTo(consoleLog) } = options
  assertFunction('now', now)
  assertFunction('onWarning', onWarning)
  const warn = guardObserver('onWarning', onWarning)
  const maxEntries = parseNumber('maxEntries', options.maxEntries, 100_000)
  const claims = new Map<string, Claim>()
  const marks = createMarks(maxEntries, () =>
    warn({
      code: 'inbox_entry_evicted',
      message: `More than ${maxEntries} deliveries are remembered (maxEntries): the oldest mark was dropped, and a replay of that delivery would run again. Raise maxEntries, or use an inbox in Redis or Postgres.`,
    }),
  )

  return {
    // `answered`, which costs an AbortController, is not read: the work starts in this very call, before any response.
    async once({ key, leaseMs, retentionMs }, work) {
      const at = now()
      if (marks.has(key, at)) return 'duplicate'
      const previous = claims.get(key)
      if (previous !== undefined && previous.endsAt > at) return 'in_progress'
      previous?.controller.abort(leaseLost())
      const claim: Claim = { endsAt: at + leaseMs, controller: new AbortController() }
      claims.set(key, claim)
      try {
        await work(undefined, claim.controller.signal)
      } catch (error) {
        if (!(error instanceof DiscardEvent)) {
          if (claims.get(key) === claim) claims.delete(key)
          throw error
        }
      }
      // The claim object is the fencing token.
      if (claims.get(key) !== claim) throw leaseLost()
      claims.delete(key)
      marks.add(key, now(), retentionMs)
      return 'processed'
    },
  }
}

/** Remembers the keys of finished deliveries, each for its retention, and at most `maxEntries` of them. */
function createMarks(
  maxEntries: number,
  onEvicted: () => void,
): { has(key: string, at: number): boolean; add(key: string, at: number, retentionMs: number): void } {
  const expiresAt = new Map<string, number>()
  // One iterator for all evictions. It never ends, because every key that it yields is deleted. A new iterator would walk over
  // all deleted entries first: 12 times as long with 100,000 marks (2026-11-25, packages/benchmarks/src/tricks.ts).
  const oldestFirst = expiresAt.keys()

  const evictOldest = (at: number): void => {
    const { value: oldest } = oldestFirst.next()
    if (oldest === undefined) return
    const isExpired = !isAfter(expiresAt.get(oldest), at)
    expiresAt.delete(oldest)
    if (!isExpired) onEvicted()
  }

  return {
    has: (key, at) => isAfter(expiresAt.get(key), at),
    add(key, at, retentionMs) {
      // A new place at the end: a Map keeps the place of a key that is set again.
      expiresAt.delete(key)
      expiresAt.set(key, at + retentionMs)
      if (expiresAt.size > maxEntries) evictOldest(at)
    },
  }
}

function isAfter(time: number | undefined, at: number): boolean {
  return time !== undefined && time > at
}

function leaseLost(): Error {
  return new Error('The lease ended and another attempt took the delivery over: this attempt cannot mark it.')
}
