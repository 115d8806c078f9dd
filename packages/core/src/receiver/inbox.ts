import { hasBrand } from '../errors.js'

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

/** Result of an attempt: it ran and is marked, it had run before, or another attempt is running. */
export type InboxOutcome = 'processed' | 'duplicate' | 'in_progress'

/**
 * Runs each delivery once.
 *
 * `once` claims the key with a lease, calls `work` at most once, and marks the key done when `work` has resolved. If
 * `work` throws, the claim is released and the error is thrown on. If it throws a {@link DiscardEvent}, the
 * application's writes in `tx` are undone, the key is marked, and the result is `processed`. A crash lets the lease run
 * out, and the next attempt runs. An attempt whose lease was taken over cannot mark: its `signal` is aborted, and `once`
 * rejects.
 *
 * `Tx` is the type of `delivery.tx` in handlers, such as a transaction's client.
 */
export interface DeliveryInbox<Tx = undefined> {
  /**
   * Runs the work, unless it is done or running.
   *
   * @param delivery - The delivery to claim and mark.
   * @param work - The handlers. `tx` is the inbox's transaction, `signal` is aborted when the lease is lost.
   * @returns The result of this attempt.
   * @throws The error of `work`, or of the store. A {@link HandlerFault} if the store fails through the handler's doing. A
   * `KindeWebhookError` `invalid_configuration` if the inbox cannot work as it is set up: that becomes the answer.
   */
  once(delivery: InboxDelivery, work: (tx: Tx, signal: AbortSignal) => Promise<void>): Promise<InboxOutcome>
  /**
   * Records a verified event that failed before its work could run (`schema_mismatch`), so that it can be listed and
   * redelivered. Optional: an inbox without storage for failures leaves it out.
   *
   * @param delivery - The delivery that failed.
   * @param error - The reason.
   */
  recordFailure?(delivery: InboxDelivery, error: Error): Promise<void>
}

const DISCARD_BRAND = Symbol.for('kinde-billing.DiscardEvent')
const HANDLER_FAULT_BRAND = Symbol.for('kinde-billing.HandlerFault')

/**
 * Throw it in a handler for an event that can never succeed: the event is acknowledged with 200, marked, and reported
 * with the outcome `discarded`. Any other error is answered 500, and Kinde tries again.
 *
 * `instanceof` also recognizes those of other copies of this package (ESM and CommonJS in one process).
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
  /**
   * @param reason - The reason, for the log.
   * @param options - An optional `cause`.
   */
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.name = 'DiscardEvent'
    Object.defineProperty(this, DISCARD_BRAND, { value: true })
  }

  /** Recognizes a `DiscardEvent` of this or another copy of the package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // Only this class stands for its other copies: a class that extends it keeps the usual rule.
    return this === DiscardEvent ? hasBrand(value, DISCARD_BRAND) : super[Symbol.hasInstance](value)
  }
}

/**
 * Thrown by an inbox whose store works, when the handler finished but its work cannot be committed: a constraint that is
 * checked at the end of the transaction, or a transaction that the handler has ended. The outcome is `handler_failed` with
 * this error as its cause, instead of `inbox_unavailable`.
 *
 * `instanceof` also recognizes those of other copies of this package.
 */
export class HandlerFault extends Error {
  /**
   * @param message - The handler's mistake, and the fix.
   * @param options - The store's error as `cause`.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'HandlerFault'
    Object.defineProperty(this, HANDLER_FAULT_BRAND, { value: true })
  }

  /** Recognizes a `HandlerFault` of this or another copy of the package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === HandlerFault ? hasBrand(value, HANDLER_FAULT_BRAND) : super[Symbol.hasInstance](value)
  }
}
