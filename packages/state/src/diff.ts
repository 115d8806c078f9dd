import { type Access, isIn } from './access-table.js'
import { meterKey } from './facts.js'
import { comparePlans } from './plans.js'
import type { AgreementSummary, BillingSummary, PlanSummary, UsageSummary } from './summarize.js'

/** What happened between two summaries. Switch on `type`. */
export type BillingChange =
  | AccessGrantedChange
  | AccessLostChange
  | PlanChangedChange
  | PaymentDueChange
  | PaymentRecoveredChange
  | UsageChangedChange

/** The customer was out, and is in. */
export interface AccessGrantedChange {
  /** Narrows the union. */
  readonly type: 'access_granted'
  /** The plan they have now. */
  readonly plan: PlanSummary | undefined
}

/** The customer was in, and is out. */
export interface AccessLostChange {
  /** Narrows the union. */
  readonly type: 'access_lost'
  /** What they have now. */
  readonly access: Exclude<Access, 'active' | 'past_due'>
  /** The plan they had. */
  readonly plan: PlanSummary | undefined
}

/** The customer was in and is in, on another plan. */
export interface PlanChangedChange {
  /** Narrows the union. */
  readonly type: 'plan_changed'
  /** `undefined` where the plan was not known. */
  readonly from: PlanSummary | undefined
  /** The plan they have now. */
  readonly to: PlanSummary
}

/** A payment failed, or an invoice became overdue, on an agreement that owed nothing. */
export interface PaymentDueChange {
  /** Narrows the union. */
  readonly type: 'payment_due'
  /** `undefined` where events named no agreement. */
  readonly agreementId: string | undefined
  /** When the payment failed, or the invoice became overdue. */
  readonly since: Date
}

/** What an agreement owed is paid. An agreement that ends while it owes does not recover. */
export interface PaymentRecoveredChange {
  /** Narrows the union. */
  readonly type: 'payment_recovered'
  /** `undefined` where events named no agreement. */
  readonly agreementId: string | undefined
}

/** A meter has a newer report. Its quantity may be the same: whether Kinde's is a total or a difference is not known. */
export interface UsageChangedChange {
  /** Narrows the union. */
  readonly type: 'usage_changed'
  /** Kinde's id of the meter. */
  readonly meterId: string | undefined
  /** The code of the billed feature. */
  readonly featureCode: string | undefined
  /** What is reported now. */
  readonly quantity: number
  /** What was reported before. */
  readonly previous: number | undefined
}

/**
 * What happened between two looks at the same customer: what mails and provisioning hang on. Events that repeat, come
 * late or change nothing give nothing.
 *
 * @param before - `undefined` where there was none: a customer without anything.
 *
 * @example
 * ```ts
 * import { type BillingSummary, diffSummaries } from '@kinde-billing/state'
 *
 * function mails(before: BillingSummary | undefined, after: BillingSummary): string[] {
 *   return diffSummaries(before, after).flatMap((change) => {
 *     switch (change.type) {
 *       case 'access_granted':
 *         return [`Welcome to ${change.plan?.name ?? 'your plan'}`]
 *       case 'payment_due':
 *         return [`A payment is due since ${change.since.toISOString()}`]
 *       default:
 *         return []
 *     }
 *   })
 * }
 * ```
 */
export function diffSummaries(before: BillingSummary | undefined, after: BillingSummary): BillingChange[] {
  return [
    ...accessChanges(before, after),
    ...paymentChanges(before?.agreements ?? [], after.agreements),
    ...after.usage.flatMap((report) => usageChanges(before?.usage ?? [], report)),
  ]
}

function accessChanges(before: BillingSummary | undefined, after: BillingSummary): BillingChange[] {
  const { access, plan } = after
  if (isIn(access)) {
    if (!before?.hasAccess) return [{ type: 'access_granted', plan }]
    const { plan: from } = before
    const isNew = plan !== undefined && (from === undefined || comparePlans(from, plan) === 'different')
    return isNew ? [{ type: 'plan_changed', from, to: plan }] : []
  }
  return before?.hasAccess ? [{ type: 'access_lost', access, plan: before.plan }] : []
}

function paymentChanges(before: readonly AgreementSummary[], after: readonly AgreementSummary[]): BillingChange[] {
  return after.flatMap(({ id: agreementId, access, pastDueSince }): BillingChange[] => {
    if (access === 'cancelled') return []
    const owed = owesBefore(agreementId, before, after)
    if (pastDueSince !== undefined) return owed ? [] : [{ type: 'payment_due', agreementId, since: pastDueSince }]
    return owed ? [{ type: 'payment_recovered', agreementId }] : []
  })
}

function owesBefore(
  id: string | undefined,
  before: readonly AgreementSummary[],
  after: readonly AgreementSummary[],
): boolean {
  const earlier = before.find((agreement) => agreement.id === id) ?? before.find(hasBeenNamed)
  return earlier?.pastDueSince !== undefined && earlier.access !== 'cancelled'

  // The agreement that had no id is gone: it is one of those that have one.
  function hasBeenNamed(agreement: AgreementSummary): boolean {
    return agreement.id === undefined && !after.some((other) => other.id === undefined)
  }
}

function usageChanges(before: readonly UsageSummary[], report: UsageSummary): BillingChange[] {
  const { meterId, featureCode, quantity, eventId } = report
  const earlier = before.find((other) => meterKey(other) === meterKey(report))
  if (earlier?.eventId === eventId && earlier.quantity === quantity) return []
  return [{ type: 'usage_changed', meterId, featureCode, quantity, previous: earlier?.quantity }]
}
