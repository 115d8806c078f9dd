import { judgeFunction, judgeNumber } from '../settings.js'
import { guardedHook, type OnWarning, writeWarning } from '../warnings.js'
import { type DeliveryInbox, DiscardEvent } from './inbox.js'

/** The options of {@link createMemoryInbox}. */
export interface MemoryInboxOptions {
  /** How many marks of finished deliveries are kept; beyond it the oldest goes, with a warning. Default: 100,000. */
  maxEntries?: number | undefined
  /** The clock, in epoch milliseconds. Default: `Date.now`. */
  now?: (() => number) | undefined
  /** Hears of `inbox_entry_evicted`. Default: `console.warn`, at most once a minute. */
  onWarning?: OnWarning | undefined
}

interface Claim {
  readonly endsAt: number
  readonly abort: AbortController
}

/**
 * An inbox that serves **one process**: a second process, another machine or a serverless instance knows nothing of its
 * marks, and a restart forgets them. For those, use `@kinde-billing/redis` or `@kinde-billing/postgres`.
 *
 * @throws KindeWebhookError `invalid_configuration`
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
  const { now = Date.now, onWarning = writeWarning } = options
  judgeFunction('now', now)
  judgeFunction('onWarning', onWarning)
  const warn = guardedHook('onWarning', onWarning)
  const maxEntries = judgeNumber('maxEntries', options.maxEntries, 100_000)
  const claims = new Map<string, Claim>()
  const marks = createMarks(maxEntries, () =>
    warn({
      code: 'inbox_entry_evicted',
      message: `More than ${maxEntries} deliveries are remembered (maxEntries): the oldest mark was dropped, and a replay of that delivery would run again. Raise maxEntries, or use an inbox in Redis or Postgres.`,
    }),
  )

  return {
    async once({ key, leaseMs, retentionMs }, work) {
      const at = now()
      if (marks.has(key, at)) return 'duplicate'
      const other = claims.get(key)
      if (other !== undefined && other.endsAt > at) return 'in_progress'
      other?.abort.abort(leaseLost())
      const claim: Claim = { endsAt: at + leaseMs, abort: new AbortController() }
      claims.set(key, claim)
      try {
        await work(undefined, claim.abort.signal)
      } catch (error) {
        if (!(error instanceof DiscardEvent)) {
          if (claims.get(key) === claim) claims.delete(key)
          throw error
        }
      }
      // the claim itself is the fencing token
      if (claims.get(key) !== claim) throw leaseLost()
      claims.delete(key)
      marks.add(key, now(), retentionMs)
      return 'processed'
    },
  }
}

/** Keys of finished deliveries, each for its time, and no more than `maxEntries` of them. */
function createMarks(
  maxEntries: number,
  onEvicted: () => void,
): { has(key: string, at: number): boolean; add(key: string, at: number, retentionMs: number): void } {
  const forgetAtByKey = new Map<string, number>()
  // beside the map, whose own order is slow to walk from the front once much of it has been deleted
  let oldestFirst: { readonly key: string; readonly forgetAt: number }[] = []
  let head = 0

  const dropOldest = (at: number): void => {
    for (let oldest = oldestFirst[head]; oldest !== undefined; oldest = oldestFirst[++head]) {
      const isExpired = oldest.forgetAt <= at
      if (!isExpired && forgetAtByKey.size <= maxEntries) break
      // a key that was marked anew since has a later entry
      if (forgetAtByKey.get(oldest.key) !== oldest.forgetAt) continue
      forgetAtByKey.delete(oldest.key)
      if (!isExpired) onEvicted()
    }
    if (head > oldestFirst.length / 2) {
      oldestFirst = oldestFirst.slice(head)
      head = 0
    }
  }

  return {
    has: (key, at) => (forgetAtByKey.get(key) ?? Number.NEGATIVE_INFINITY) > at,
    add(key, at, retentionMs) {
      const forgetAt = at + retentionMs
      forgetAtByKey.set(key, forgetAt)
      oldestFirst.push({ key, forgetAt })
      dropOldest(at)
    },
  }
}

function leaseLost(): Error {
  return new Error('The lease ran out, and another attempt has taken the delivery over: this one cannot mark it.')
}
