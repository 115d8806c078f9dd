import type { BillingChange, PlanSummary } from '@kinde-billing/state'
import { planOf } from './plans.js'

/** What a change is told as: in the timeline, and in a mail where it is worth one. */
export interface ChangeWords {
  readonly effect: string
  readonly mail: string
}

/** Undefined for usage, which the page draws. */
export function wordsFor(change: BillingChange): ChangeWords | undefined {
  switch (change.type) {
    case 'access_granted': {
      const plan = planName(change.plan)
      return { effect: `Access granted, on ${plan}`, mail: `Welcome to ${plan}` }
    }
    case 'access_lost':
      return { effect: `Access ended: ${change.access}`, mail: 'Your plan has ended' }
    case 'plan_changed': {
      const [from, to] = [planName(change.from), planName(change.to)]
      return { effect: `Plan changed from ${from} to ${to}`, mail: `You are now on ${to}` }
    }
    case 'payment_due':
      return { effect: 'A payment is due', mail: 'Your payment did not go through' }
    case 'payment_recovered':
      return { effect: 'Nothing is due any more', mail: 'Thank you, your payment has arrived' }
    case 'debt_dropped':
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
  const text = value.replace(/[\p{Cc}\p{Cs}]/gu, '').trim()
  return text.slice(0, 80) || undefined
}
