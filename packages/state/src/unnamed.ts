import type { Policy } from './access-table.js'
import type { Agreement } from './agreements.js'
import { type BillingFact, compareFacts, latest } from './facts.js'
import { comparePlans } from './plans.js'

/**
 * The customer's agreements, with what events without an agreement id say. What those mean is chosen so that nobody who
 * pays is locked out:
 *
 * - A creation, a plan or a payment without an id shows that there is an agreement. Where it cannot be one of those that
 *   have an id, it is one of its own, until a cancellation answers it.
 * - A payment without an id makes good whatever is older than it, of every agreement.
 * - A failed payment or an overdue invoice without an id counts for the agreement without an id where there is one, or
 *   else for the only agreement that has not ended. Where there are several, it counts for none of them.
 * - Usage without an id shows an agreement only where nothing else is known.
 * - A cancellation without an id ends no agreement that has one.
 */
export function placeUnnamed(unnamed: Agreement, named: readonly Agreement[], policy: Policy): Agreement[] {
  const { cancellationGraceMs: waitMs, unlinkedPaymentGrantsAccess } = policy
  const others = named.map((agreement) => ({ ...agreement, paid: latest(agreement.paid, unnamed.paid) }))
  const open = signsOf(unnamed, unlinkedPaymentGrantsAccess).filter(
    (sign) =>
      !named.some((agreement) => isAccountedFor(sign, agreement, waitMs)) &&
      !(unnamed.cancelled && isEnded(sign, unnamed.cancelled, unnamed.cancelled.plan, waitMs)),
  )
  if (open.length > 0) return [...others, { ...unnamed, cancelled: undefined, ...debtsSince(unnamed.created, unnamed) }]
  if (named.length === 0) return [unnamed]
  const live = named.filter(({ cancelled }) => cancelled === undefined)
  return others.map((agreement) =>
    live.length === 1 && agreement.id === live[0]?.id ? withUnnamed(agreement, unnamed, waitMs) : agreement,
  )
}

/** What shows an agreement: the latest about a plan, and the latest payment. */
function signsOf({ created, changed, assigned, paid }: Agreement, paymentCounts: boolean): BillingFact[] {
  const planned = latest(latest(created, changed), assigned?.plan && assigned)
  return [planned, paymentCounts ? paid : undefined].filter((sign) => sign !== undefined)
}

/** Whether the agreement that a sign shows can be this one, alive or ended. */
function isAccountedFor(sign: BillingFact, { plan, created, cancelled }: Agreement, waitMs: number): boolean {
  if (cancelled === undefined) return comparePlans(sign.plan, plan?.plan) !== 'different'
  // What began with the sign is not what it replaces.
  const beganWithIt = created !== undefined && Math.abs(created.at - sign.at) < waitMs
  return isEnded(sign, cancelled, cancelled.plan ?? plan?.plan, beganWithIt ? 0 : waitMs)
}

/**
 * Whether a cancellation ends the agreement that a sign shows: a later one, not of another plan. Where a plan is not
 * known, a cancellation soon after a plan change is more likely the replaced agreement's.
 */
function isEnded(sign: BillingFact, cancellation: BillingFact, plan: BillingFact['plan'], waitMs: number): boolean {
  const plans = comparePlans(sign.plan, plan)
  if (plans === 'different') return false
  const mayReplace = sign.type === 'customer.agreement_created' || sign.type === 'customer.plan_changed'
  if (plans === 'unknown' && mayReplace && cancellation.at - sign.at < waitMs) return false
  return compareFacts(cancellation, sign) > 0
}

/** The only agreement there is, with what was said of it without its id. */
function withUnnamed(agreement: Agreement, unnamed: Agreement, waitMs: number): Agreement {
  const { failures, overdues } = debtsSince(agreement.created, unnamed)
  const start = agreement.created?.at ?? Number.NEGATIVE_INFINITY
  const due = unnamed.due && unnamed.due.at >= start ? unnamed.due : undefined
  // A plan event may come a little before the agreement that it is about.
  const plan = unnamed.plan && unnamed.plan.at >= start - waitMs ? unnamed.plan : undefined
  return {
    ...agreement,
    plan: agreement.plan ?? plan,
    due: latest(agreement.due, due),
    failures: [...agreement.failures, ...failures].sort(compareFacts),
    overdues: [...agreement.overdues, ...overdues].sort(compareFacts),
  }
}

/** Debts without an id that can be an agreement's: none is older than its creation. */
function debtsSince(created: BillingFact | undefined, { failures, overdues }: Agreement) {
  const isLater = (debt: BillingFact) => created === undefined || compareFacts(debt, created) > 0
  return { failures: failures.filter(isLater), overdues: overdues.filter(isLater) }
}
