import type { BillingChange } from '@kinde-billing/state'
import { planOf } from './plans.js'

type PlanSummary = NonNullable<Extract<BillingChange, { type: 'plan_changed' }>['from']>

/** What changed, in words for the timeline. */
export function effectOf(change: BillingChange): string {
  switch (change.type) {
    case 'access_granted':
      return `Access granted, on ${planName(change.plan)}`
    case 'access_lost':
      return `Access ended: ${change.access}`
    case 'plan_changed':
      return `Plan changed from ${planName(change.from)} to ${planName(change.to)}`
    case 'payment_due':
      return 'A payment is due'
    case 'payment_recovered':
      return 'Nothing is due any more'
    case 'usage_changed':
      return `Usage reported: ${change.quantity.toLocaleString('en')}`
  }
}

/** The subject of the mail that a change is worth, if it is. */
export function mailFor(change: BillingChange): string | undefined {
  switch (change.type) {
    case 'access_granted':
      return `Welcome to ${planName(change.plan)}`
    case 'access_lost':
      return 'Your plan has ended'
    case 'plan_changed':
      return `You are now on ${planName(change.to)}`
    case 'payment_due':
      return 'Your payment did not go through'
    case 'payment_recovered':
      return 'Thank you, your payment has arrived'
    case 'usage_changed':
      return undefined
  }
}

/** The application's own name for a plan; Kinde's where it has none. */
export function planName(plan: PlanSummary | undefined): string {
  return plainText(planOf(plan?.code)?.name ?? plan?.name ?? plan?.code ?? plan?.id) ?? 'an unnamed plan'
}

/** Text from outside, without characters that no name needs, and not longer than a line. */
export function plainText(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  return (
    value
      .replace(/[\p{Cc}\p{Cs}]/gu, '')
      .trim()
      .slice(0, 80) || undefined
  )
}
