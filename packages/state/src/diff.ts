import { assertObject, invalidConfiguration } from '@kinde-billing/core/internal'
import { type Access, grantsAccess } from './access-table.js'
import { meterKey } from './facts.js'
import { comparePlans } from './plan.js'
import type { AgreementSummary, BillingSummary, PlanSummary, UsageSummary } from './summarize.js'

/** A difference between two summaries. Switch on `type`. */
export type BillingChange =
  | AccessGrantedChange
  | AccessLostChange
  | PlanChangedChange
  | PaymentDueChange
  | PaymentRecoveredChange
  | DebtDroppedChange
  | UsageChangedChange

/** The customer had no access, and has it. */
export interface AccessGrantedChange {
  /** Narrows the union. */
  readonly type: 'access_granted'
  /** The plan they have now. */
  readonly plan: PlanSummary | undefined
}

/** The customer had access and has none, or was suspended and has now left. */
export interface AccessLostChange {
  /** Narrows the union. */
  readonly type: 'access_lost'
  /** The access now. */
  readonly access: Exclude<Access, 'active' | 'past_due'>
  /** The plan they had. */
  readonly plan: PlanSummary | undefined
}

/** The customer has access as before, on another plan. */
export interface PlanChangedChange {
  /** Narrows the union. */
  readonly type: 'plan_changed'
  /** `undefined` if the plan was not known. */
  readonly from: PlanSummary | undefined
  /** The plan they have now. */
  readonly to: PlanSummary
}

/** A payment failed, or an invoice became overdue, on an agreement that owed nothing. */
export interface PaymentDueChange {
  /** Narrows the union. */
  readonly type: 'payment_due'
  /** `undefined` if no event named the agreement. */
  readonly agreementId: string | undefined
  /** When the payment failed, or the invoice became overdue. */
  readonly since: Date
}

/** A payment has paid what an agreement owed. */
export interface PaymentRecoveredChange {
  /** Narrows the union. */
  readonly type: 'payment_recovered'
  /** `undefined` if no event named the agreement. */
  readonly agreementId: string | undefined
}

/**
 * A debt is not due any more without a payment, and the customer has access: an upgrade ended the agreement,
 * or it was created again.
 */
export interface DebtDroppedChange {
  /** Narrows the union. */
  readonly type: 'debt_dropped'
  /** `undefined` if no event has named the agreement. */
  readonly agreementId: string | undefined
  /** Since when the payment was due. */
  readonly since: Date
}

/** A meter has a newer report. Its quantity may be the same: whether Kinde's is a total or a difference is not known. */
export interface UsageChangedChange {
  /** Narrows the union. */
  readonly type: 'usage_changed'
  /** Kinde's id of the meter. */
  readonly meterId: string | undefined
  /** The code of the billed feature. */
  readonly featureCode: string | undefined
  /** The quantity now. */
  readonly quantity: number
  /** The quantity before. */
  readonly previous: number | undefined
}

/**
 * Compares two summaries of one customer, for mails and provisioning. Events that repeat, come late or change nothing make no
 * difference.
 *
 * @param before - The earlier summary; `undefined` for a customer without anything.
 * @param after - The later one, by the same policy.
 * @returns The differences.
 * @throws KindeWebhookError `invalid_configuration` for a value that is not a summary.
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
  if (before !== undefined) assertSummary('before', before)
  assertSummary('after', after)
  return [
    ...accessChanges(before, after),
    ...paymentChanges(before?.agreements ?? [], after),
    ...after.usage.flatMap((report) => usageChanges(before?.usage ?? [], report)),
  ]
}

function assertSummary(name: string, summary: BillingSummary): void {
  assertObject(name, summary, 'pass the result of summarize()')
  if (!Array.isArray(summary.agreements) || !Array.isArray(summary.usage))
    throw invalidConfiguration(name, summary, 'it has no agreements or usage: pass the result of summarize()')
}

function accessChanges(before: BillingSummary | undefined, after: BillingSummary): BillingChange[] {
  const { access, plan } = after
  if (grantsAccess(access)) {
    if (!before?.hasAccess) return [{ type: 'access_granted', plan }]
    const { plan: from } = before
    const isNew = plan !== undefined && (from === undefined || comparePlans(from, plan) === 'different')
    return isNew ? [{ type: 'plan_changed', from, to: plan }] : []
  }
  const hasLeft = before?.access === 'suspended' && access !== 'suspended'
  return before?.hasAccess || hasLeft ? [{ type: 'access_lost', access, plan: before.plan }] : []
}

function paymentChanges(before: readonly AgreementSummary[], after: BillingSummary): BillingChange[] {
  const pairs = before.map((earlier) => ({ earlier, later: findLater(earlier, before, after.agreements) }))
  const due = after.agreements.filter(owes).flatMap((later): BillingChange[] => {
    const isKnown = pairs.some(({ earlier, ...pair }) => owes(earlier) && pair.later === later)
    const { id: agreementId, pastDueSince: since } = later
    return isKnown || since === undefined ? [] : [{ type: 'payment_due', agreementId, since }]
  })
  return [...due, ...pairs.flatMap(({ earlier, later }) => endOfDebt(earlier, later, after))]
}

const owes = ({ access, pastDueSince }: AgreementSummary): boolean =>
  pastDueSince !== undefined && access !== 'cancelled'

/** Only a payment is a recovery. A debt that goes away otherwise is dropped, and worth no word if the customer is out. */
function endOfDebt(
  earlier: AgreementSummary,
  later: AgreementSummary | undefined,
  { hasAccess }: BillingSummary,
): BillingChange[] {
  const { pastDueSince: since } = earlier
  if (since === undefined || !owes(earlier) || (later && owes(later))) return []
  const agreementId = later?.id ?? earlier.id
  const isPaid = later?.lastPaidAt !== undefined && later.lastPaidAt >= since && later.access !== 'cancelled'
  if (isPaid) return [{ type: 'payment_recovered', agreementId }]
  return hasAccess ? [{ type: 'debt_dropped', agreementId, since }] : []
}

/** The same agreement later. One that had no id may have got one. */
function findLater(
  earlier: AgreementSummary,
  before: readonly AgreementSummary[],
  after: readonly AgreementSummary[],
): AgreementSummary | undefined {
  if (earlier.id !== undefined) return after.find(({ id }) => id === earlier.id)
  const unnamed = after.filter(({ id }) => id === undefined)
  const named = after.filter(({ id }) => id !== undefined && !before.some((known) => known.id === id))
  const sameDebt = [...unnamed, ...named].find(
    ({ pastDueSince }) => pastDueSince !== undefined && pastDueSince.getTime() === earlier.pastDueSince?.getTime(),
  )
  const relation = (wanted: 'same' | 'unknown') =>
    [...unnamed, ...named].find(({ plan }) => comparePlans(plan, earlier.plan) === wanted)
  return sameDebt ?? relation('same') ?? relation('unknown')
}

function usageChanges(before: readonly UsageSummary[], report: UsageSummary): BillingChange[] {
  const { meterId, featureCode, quantity, eventId } = report
  const earlier = before.find((other) => meterKey(other) === meterKey(report))
  if (earlier?.eventId === eventId && earlier.quantity === quantity) return []
  return [{ type: 'usage_changed', meterId, featureCode, quantity, previous: earlier?.quantity }]
}
