import { DiscardEvent, type HandlerDelivery } from '@kinde-billing/core/receiver'
import { type AccessPolicy, fullPolicy } from './access-table.js'
import { applyBillingEvent } from './apply.js'
import { customerKey } from './customer-key.js'
import { type BillingChange, diffSummaries } from './diff.js'
import type { StateEvent } from './facts.js'
import type { BillingState } from './state.js'
import { type BillingSummary, summarize } from './summarize.js'

/** An event as the receiver hands it over, whatever `dataSchemas` made of its `data`. */
export type HandledEvent = StateEvent & {
  /** The whole verified payload. */
  readonly claims: Record<string, unknown>
}

/** A state as a store gives it, with what tells later whether another writer was faster: a number, an ETag, … */
export interface StoredState<Version> {
  /** What was saved last. */
  readonly state: BillingState
  /** What {@link BillingStateHandlerOptions.save} is given back, to see whether another writer was faster. */
  readonly version: Version
}

/** What {@link BillingStateHandlerOptions.onChange} is told beside the changes, and `scheduleReview` beside the moment. */
export interface BillingChangeContext<Context, Tx> {
  /** Whose state it is. */
  readonly key: string
  /** The event that made the difference. */
  readonly event: HandledEvent
  /** The summary without the event. */
  readonly before: BillingSummary
  /** The summary with the event. */
  readonly after: BillingSummary
  /** Its `tx` is the inbox's, such as the client of the transaction in which the state was saved. */
  readonly delivery: HandlerDelivery<Context, Tx>
}

/** The options of {@link createBillingStateHandler}. */
export interface BillingStateHandlerOptions<Context, Tx, Version> {
  /** The customer's state, or `undefined` where there is none yet. */
  readonly load: (
    key: string,
    delivery: HandlerDelivery<Context, Tx>,
  ) => Promise<StoredState<Version> | undefined> | StoredState<Version> | undefined
  /**
   * Stores the state if the stored version is still the given one (`undefined`: if there is still none). `false`: another
   * writer was faster, and nothing was stored; the handler then loads again.
   */
  readonly save: (
    key: string,
    state: BillingState,
    version: Version | undefined,
    delivery: HandlerDelivery<Context, Tx>,
  ) => Promise<boolean> | boolean
  /**
   * What an event changed, after it was saved; not called where it changed nothing. What it throws makes the delivery
   * fail. Only where `save` is part of the inbox's transaction is the saved state undone with it, and the call repeated:
   * with any other store, hand the changes to a queue that does not fail.
   */
  readonly onChange?:
    | ((changes: readonly BillingChange[], context: BillingChangeContext<Context, Tx>) => unknown)
    | undefined
  /**
   * Time alone will change something at another moment than before: look at the state again then. Called after the event
   * was saved and `onChange` told. A review that has become needless finds nothing changed.
   */
  readonly scheduleReview?: ((reviewAt: Date, context: BillingChangeContext<Context, Tx>) => unknown) | undefined
  /** Whose state an event belongs to; `undefined` where that cannot be told. Default: {@link customerKey}. */
  readonly key?: ((event: HandledEvent, delivery: HandlerDelivery<Context, Tx>) => string | undefined) | undefined
  /**
   * An event of which `key` cannot tell whose it is. Default: a `DiscardEvent`, which the receiver acknowledges, since
   * another attempt would be the same, and reports with the outcome `discarded`. Where this returns, the event's own
   * handler runs.
   */
  readonly onMissingKey?: ((event: HandledEvent, delivery: HandlerDelivery<Context, Tx>) => unknown) | undefined
  /** By which rules the changes are seen. */
  readonly policy?: AccessPolicy | undefined
  /** The present, in epoch milliseconds. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
  /**
   * How often an event is loaded and saved before the handler gives up and Kinde tries again. A lost race means that
   * another writer has stored something. Default: 1000.
   */
  readonly maxAttempts?: number | undefined
}

/**
 * A handler for the receiver's `onEvent` that keeps one state per customer.
 *
 * @throws {RangeError} for a policy's time that is negative, and for `maxAttempts` below 1.
 * The handler rejects with what the options' functions throw, and with an `Error` after `maxAttempts` lost races.
 *
 * @example
 * ```ts
 * import { createBillingReceiver } from '@kinde-billing/core/receiver'
 * import { type BillingState, createBillingStateHandler } from '@kinde-billing/state'
 *
 * const states = new Map<string, BillingState>()
 *
 * createBillingReceiver({
 *   issuer: 'https://acme.kinde.com',
 *   onEvent: createBillingStateHandler({
 *     load(key) {
 *       const state = states.get(key)
 *       return state && { state, version: state }
 *     },
 *     save(key, state, version) {
 *       if (states.get(key) !== version) return false
 *       states.set(key, state)
 *       return true
 *     },
 *     onChange(changes, { key }) {
 *       for (const change of changes) console.log(key, change.type)
 *     },
 *   }),
 * })
 * ```
 */
export function createBillingStateHandler<Context = unknown, Tx = unknown, Version = unknown>(
  options: BillingStateHandlerOptions<Context, Tx, Version>,
): (event: HandledEvent, delivery: HandlerDelivery<Context, Tx>) => Promise<void> {
  const { load, save, onChange, scheduleReview, key: keyOf = customerKey, onMissingKey = discard } = options
  const { policy, now = Date.now, maxAttempts = 1000 } = options
  fullPolicy(policy)
  if (!(maxAttempts >= 1)) throw new RangeError(`maxAttempts is ${maxAttempts}: give 1 or more, or leave it out.`)

  return async (event, delivery) => {
    const key = keyOf(event, delivery)
    if (key === undefined) {
      await onMissingKey(event, delivery)
      return
    }
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const stored = await load(key, delivery)
      const state = applyBillingEvent(stored?.state, event)
      if (state === stored?.state) return
      if ((await save(key, state, stored?.version, delivery)) === false) continue
      await tell(key, event, stored?.state, state, delivery)
      return
    }
    throw new Error(
      `The state of ${JSON.stringify(key)} could not be saved: save returned false ${maxAttempts} times (maxAttempts). ` +
        'Let it return false only where another writer has stored a newer version.',
    )
  }

  async function tell(
    key: string,
    event: HandledEvent,
    stored: BillingState | undefined,
    state: BillingState,
    delivery: HandlerDelivery<Context, Tx>,
  ): Promise<void> {
    const moment = { now: now(), policy }
    const before = summarize(stored, moment)
    const after = summarize(state, moment)
    const context = { key, event, before, after, delivery }
    const changes = diffSummaries(before, after)
    if (changes.length > 0) await onChange?.(changes, context)
    if (after.reviewAt && after.reviewAt.getTime() !== before.reviewAt?.getTime())
      await scheduleReview?.(after.reviewAt, context)
  }
}

function discard(event: HandledEvent): never {
  throw new DiscardEvent(
    `${event.type} names no customer: none of data.customer_id, org_code, user_id or their nested forms can be used. ` +
      'Give createBillingStateHandler a key or an onMissingKey of your own to keep such events.',
  )
}
