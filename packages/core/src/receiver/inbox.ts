/** One delivery, as an inbox sees it. Every value is signed by Kinde or set by the application. */
export interface InboxDelivery {
  /** `<issuer> <name> <event_id>`: the unit of "once". */
  key: string
  /** Kinde's `event_id`. */
  eventId: string
  /** The event's type. */
  type: string
  /** When the event happened. */
  occurredAt: Date
  /** The billing customer's id, else the organization's code, else the user's id; `undefined` if the event names none. */
  customer: string | undefined
  /** The whole verified payload, to keep until the event is done. */
  claims: Record<string, unknown>
  /** How long a claim holds without a mark or a release, in milliseconds. After that, another attempt may run. */
  leaseMs: number
  /** How long a mark must last, in milliseconds. */
  retentionMs: number
  /** True for a redelivery of stored claims: it takes the same claim and mark, but is not an arrival. */
  redelivery: boolean
  /** Aborted when the response to this attempt has been decided: a claim that is granted later must not run the work. */
  answered: AbortSignal
}

/** What became of one attempt: it ran and is marked, it had run before, or another attempt is at work. */
export type InboxOutcome = 'processed' | 'duplicate' | 'in_progress'

/**
 * Where deliveries are claimed and marked, so that each is handled once.
 *
 * `once` claims the key with a lease, calls `work` at most once, and marks the key done when `work` has resolved. Where
 * `work` throws, the claim is released and the error is thrown on; where it throws a {@link DiscardEvent}, the
 * application's writes in `tx` are undone, the key is marked, and the answer is `processed`. A crash lets the lease
 * run out, and the next attempt runs. An attempt whose lease was taken over cannot mark: its `signal` is aborted, and
 * `once` rejects.
 *
 * `Tx` is what the inbox lends to handlers as `delivery.tx`, such as the transaction's client.
 */
export interface DeliveryInbox<Tx = undefined> {
  /** Runs the work, unless it has been done before or is being done. Rejects with what `work` or the store rejects with. */
  once(delivery: InboxDelivery, work: (tx: Tx, signal: AbortSignal) => Promise<void>): Promise<InboxOutcome>
  /**
   * Records a verified event that failed before its work could run (`schema_mismatch`), so that it can be listed and
   * redelivered. Optional: an inbox without storage for failures leaves it out.
   */
  recordFailure?(delivery: InboxDelivery, error: Error): Promise<void>
}

const DISCARD_BRAND = Symbol.for('kinde-billing.DiscardEvent')

/**
 * What a handler throws for an event it can never succeed with: the event is acknowledged with 200, marked, and
 * reported with the outcome `discarded`. Everything else a handler throws is answered 500, and Kinde tries again.
 *
 * `instanceof` knows those of other copies of this package too (ESM beside CommonJS).
 *
 * @example
 * ```ts
 * import { createBillingReceiver, DiscardEvent } from '@kinde-billing/core/receiver'
 *
 * createBillingReceiver({
 *   issuer: 'https://acme.kinde.com',
 *   on: {
 *     'customer.plan_assigned': (event) => {
 *       if (event.plan.code === undefined) throw new DiscardEvent('a plan without a code')
 *     },
 *   },
 * })
 * ```
 */
export class DiscardEvent extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.name = 'DiscardEvent'
    Object.defineProperty(this, DISCARD_BRAND, { value: true })
  }

  /** Whether a value is a `DiscardEvent` of this copy of the package or of another. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // a class that extends this one is its own: only this one stands for its other copies
    if (this !== DiscardEvent) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && DISCARD_BRAND in value
  }
}

const FAULT_BRAND = Symbol.for('kinde-billing.HandlerFault')

/**
 * Thrown by an inbox whose store works, when the handler finished but its work cannot be committed: a constraint that is
 * checked at the end of the transaction, or a transaction that the handler has ended. The response is `handler_failed`
 * with this error as its cause, instead of `inbox_unavailable`.
 *
 * `instanceof` also recognizes instances of other copies of this package.
 */
export class HandlerFault extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'HandlerFault'
    Object.defineProperty(this, FAULT_BRAND, { value: true })
  }

  /** Recognizes instances of this copy of the package and of others. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== HandlerFault) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && FAULT_BRAND in value
  }
}
