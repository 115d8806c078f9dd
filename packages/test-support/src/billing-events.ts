import { type BillingEvent, type BillingEventType, decodeBillingEvent } from '@kinde-billing/core'
import { applyBillingEvent, applySnapshot, type BillingSnapshot, type BillingState } from '@kinde-billing/state'

/** Minute 0 of every history. */
export const START = Date.parse('2026-03-01T00:00:00Z')

/** The number of minutes in a day. */
export const DAY = 24 * 60

export const minute = (minutes: number): Date => new Date(START + minutes * 60_000)

/** Long after every history. */
export const LATER: Date = new Date('2027-01-01T00:00:00Z')

export interface EventParts {
  readonly id?: string
  readonly agreement?: string | undefined
  readonly plan?: string | undefined
  readonly planId?: string | undefined
  readonly due?: string | undefined
  readonly meter?: string | undefined
  readonly feature?: string | undefined
  readonly quantity?: number | undefined
  readonly customer?: string | undefined
  readonly org?: string | undefined
  readonly user?: string | undefined
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
  const { id = `event_${String(++count).padStart(6, '0')}`, customer = 'customer_1' } = parts
  return decodeBillingEvent({
    event_id: id,
    timestamp,
    type: SHORT_TYPES[type],
    data: {
      customer_id: customer,
      org_code: parts.org,
      user_id: parts.user,
      agreement_id: parts.agreement,
      plan_code: parts.plan,
      plan_id: parts.planId,
      invoice_due_on: parts.due,
      meter_id: parts.meter,
      billing_feature_code: parts.feature,
      quantity: parts.quantity,
    },
  })
}

/** The same event in an attempt that was signed again, with a new time. */
export function renewed(event: BillingEvent, minutes: number): BillingEvent {
  const { event_timestamp: _, ...claims } = event.claims
  return decodeBillingEvent({ ...claims, timestamp: minute(minutes).toISOString() })
}

/** The list of Kinde's API at one moment: agreement ids, or agreements by id. */
export function listed(
  minutes: number,
  agreements: Readonly<Record<string, Partial<BillingSnapshot['agreements'][number]>>>,
  complete = true,
): BillingSnapshot {
  return {
    observedAt: minute(minutes),
    complete,
    agreements: Object.entries(agreements).map(([id, rest]) => ({ id, ...rest })),
  }
}

/** One fact of a history. */
export type Happening = BillingEvent | BillingSnapshot

/** The state after one more event or snapshot. */
export function addTo(state: BillingState | undefined, happening: Happening): BillingState {
  return 'observedAt' in happening ? applySnapshot(state, happening) : applyBillingEvent(state, happening)
}

/** The state after these events and snapshots, in this order. */
export function fold(happenings: readonly Happening[]): BillingState | undefined {
  return happenings.reduce<BillingState | undefined>((state, happening) => addTo(state, happening), undefined)
}

/** Every order of a few things. */
export function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  )
}
