/**
 * The billing event types that Kinde sends.
 *
 * @example
 * ```ts
 * import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
 *
 * for (const type of BILLING_EVENT_TYPES) console.log(type)
 * ```
 */
export const BILLING_EVENT_TYPES = [
  'customer.agreement_created',
  'customer.agreement_cancelled',
  'customer.invoice_overdue',
  'customer.meter_usage_updated',
  'customer.payment_failed',
  'customer.payment_succeeded',
  'customer.plan_assigned',
  'customer.plan_changed',
] as const

/** A billing event type: the value of `event.type`. */
export type BillingEventType = (typeof BILLING_EVENT_TYPES)[number]

/**
 * The groups of facts that each event type has besides `customer` and `agreement`. Decoding, the event types, fixtures
 * and the documentation follow this table.
 *
 * @example
 * ```ts
 * import { EVENT_GROUPS } from '@kinde-billing/core'
 *
 * EVENT_GROUPS['customer.plan_changed'] // ['plan']
 * ```
 */
export const EVENT_GROUPS = {
  /** A signup or a plan change. */
  'customer.agreement_created': ['plan', 'invoice'],
  /** The end of an agreement. */
  'customer.agreement_cancelled': ['plan', 'invoice'],
  /** An unpaid invoice. */
  'customer.invoice_overdue': ['invoice'],
  /** Metered usage. */
  'customer.meter_usage_updated': ['usage'],
  /** A failed payment. */
  'customer.payment_failed': ['invoice'],
  /** A payment. */
  'customer.payment_succeeded': ['invoice'],
  /** A plan for a customer. */
  'customer.plan_assigned': ['plan'],
  /** An upgrade or a downgrade. */
  'customer.plan_changed': ['plan'],
} as const

/**
 * Checks that a value is a billing event type, by exact match.
 *
 * @param value - Any value.
 * @returns True for the members of {@link BILLING_EVENT_TYPES}.
 *
 * @example
 * ```ts
 * import { isBillingEventType } from '@kinde-billing/core'
 *
 * isBillingEventType('customer.plan_changed') // true
 * isBillingEventType('user.created') // false
 * ```
 */
export function isBillingEventType(value: unknown): value is BillingEventType {
  return (BILLING_EVENT_TYPES as readonly unknown[]).includes(value)
}

/** `data` as Kinde sent it. Kinde publishes no schema for it, so every member is `unknown`. */
export interface EventData {
  readonly [key: string]: unknown
}

/** The members that every event of Kinde's has. */
export interface EventBase<Type extends string, Data> {
  /** The event type: narrow on it. */
  type: Type
  /** Kinde's `event_id`: signed, and the key to deduplicate on. */
  id: string
  /** When the event happened: `event_timestamp` if it is a readable date, else `timestamp`. */
  occurredAt: Date
  /** Kinde's `timestamp`. It is unknown if another attempt renews it. */
  timestamp: Date
  /** The cause: `admin`, `api`, `user`, or a value that Kinde adds later. */
  source: string | undefined
  /** The data as Kinde sent it; of a billing event the output of your schema for its type, if you pass one. */
  data: Data
  /** The whole verified payload, to store or pass on. Not enumerable, so that logging an event does not print it twice. */
  claims: Record<string, unknown>
}

/** A verified event of another type, such as `user.created`. */
export interface OtherEvent extends EventBase<string, EventData> {}
