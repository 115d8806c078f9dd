import { type OnWarning, toOnWarning } from '../log.js'
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
  const { now = () => performance.now(), onWarning } = options
  assertFunction('now', now)
  assertFunction('onWarning', onWarning)
  const warn = toOnWarning(onWarning)
  const maxEntries = parseNumber('maxEntries', options.maxEntries, 100_000)
  const claims = new Map<string, { readonly endsAt: number; readonly controller: AbortController }>()
  /** When each mark of a finished delivery ends. */
  const marks = new Map<string, number>()
  // One iterator for all evictions. It never ends, because every key that it yields is deleted. A new iterator would walk over
  // all deleted entries first: 12 times as long with 100,000 marks (2026-11-25, packages/benchmarks/src/tricks.ts).
  const oldestFirst = marks.keys()

  const mark = (key: string, at: number, retentionMs: number): void => {
    // A new place at the end: a Map keeps the place of a key that is set again.
    marks.delete(key)
    marks.set(key, at + retentionMs)
    if (marks.size <= maxEntries) return
    const { value: oldest = key } = oldestFirst.next()
    const isRemembered = (marks.get(oldest) ?? at) > at
    marks.delete(oldest)
    if (isRemembered)
      warn({
        code: 'inbox_entry_evicted',
        message: `More than ${maxEntries} deliveries are remembered (maxEntries): the oldest mark was dropped, and a replay of that delivery would run again. Raise maxEntries, or use an inbox in Redis or Postgres.`,
      })
  }

  return {
    // `answered`, which costs an AbortController, is not read: the work starts in this very call, before any response.
    async once({ key, leaseMs, retentionMs }, work) {
      const at = now()
      if ((marks.get(key) ?? at) > at) return 'duplicate'
      const previous = claims.get(key)
      if (previous !== undefined && previous.endsAt > at) return 'in_progress'
      previous?.controller.abort(leaseLost())
      // The claim object is the fencing token.
      const claim = { endsAt: at + leaseMs, controller: new AbortController() }
      claims.set(key, claim)
      const isHeld = (): boolean => claims.get(key) === claim
      try {
        await work(undefined, claim.controller.signal)
      } catch (error) {
        if (!(error instanceof DiscardEvent)) {
          if (isHeld()) claims.delete(key)
          throw error
        }
      }
      if (!isHeld()) throw leaseLost()
      claims.delete(key)
      mark(key, now(), retentionMs)
      return 'processed'
    },
  }
}

function leaseLost(): Error {
  return new Error('The lease ended and another attempt took the delivery over: this attempt cannot mark it.')
}
