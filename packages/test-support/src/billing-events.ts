import { type BillingEvent, type BillingEventType, decodeBillingEvent } from '@kinde-billing/core'
import { applyBillingEvent, type BillingState } from '@kinde-billing/state'

/** Minute 0 of every history. */
export const START = Date.parse('2026-03-01T00:00:00Z')

export const minute = (minutes: number): Date => new Date(START + minutes * 60_000)

/** Long after every history. */
export const LATER: Date = new Date('2027-01-01T00:00:00Z')

export interface EventParts {
  readonly id?: string
  readonly agreement?: string | undefined
  readonly plan?: string | undefined
  readonly due?: string | undefined
  readonly meter?: string | undefined
  readonly feature?: string | undefined
  readonly quantity?: number | undefined
  readonly customer?: string | undefined
}

const SHORT_TYPES = {
  created: 'customer.agreement_created',
  cancelled: 'customer.agreement_cancelled',
  overdue: 'customer.invoice_overdue',
  usage: 'customer.meter_usage_updated',
  failed: 'customer.payment_failed',
  paid: 'customer.payment_succeeded',
  assigned: 'customer.plan_assigned',
  changed: 'customer.plan_changed',
} as const satisfies Record<string, BillingEventType>

export type ShortType = keyof typeof SHORT_TYPES

let count = 0

/** An event as core decodes it, with only those ids that are given. */
export function at(minutes: number, type: ShortType, parts: EventParts = {}): BillingEvent {
  const timestamp = minute(minutes).toISOString()
  const { id = `event_${++count}`, agreement, plan, due, meter, feature, quantity, customer = 'customer_1' } = parts
  return decodeBillingEvent({
    event_id: id,
    timestamp,
    type: SHORT_TYPES[type],
    data: {
      customer_id: customer,
      agreement_id: agreement,
      plan_code: plan,
      invoice_due_on: due,
      meter_id: meter,
      billing_feature_code: feature,
      quantity,
    },
  })
}

/** The same event in an attempt that was signed anew, with a new time. */
export function renewed(event: BillingEvent, minutes: number): BillingEvent {
  const { event_timestamp: _, ...claims } = event.claims
  return decodeBillingEvent({ ...claims, timestamp: minute(minutes).toISOString() })
}

/** The state after these events, in this order. */
export function fold(events: readonly BillingEvent[]): BillingState | undefined {
  return events.reduce<BillingState | undefined>(applyBillingEvent, undefined)
}

/** Every order of a few things. */
export function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  )
}
