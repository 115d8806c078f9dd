/**
 * The eight billing triggers Kinde sends.
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

/** The name of one of the eight billing triggers: what `event.type` holds. */
export type BillingEventType = (typeof BILLING_EVENT_TYPES)[number]

/**
 * Whether a value is, to the letter, the name of one of the eight billing triggers.
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
