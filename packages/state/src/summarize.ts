import type { BillingEventType } from '@kinde-billing/core'
import { ACCESS, type Access, type AccessPolicy, accessOf, fullPolicy, isIn, type Policy } from './access-table.js'
import { type Agreement, readAgreements, startOf } from './agreements.js'
import {
  type BillingFact,
  compareFacts,
  compareText,
  latest,
  meterKey,
  type PlanFact,
  type UsageFact,
} from './facts.js'
import { type BillingState, knownState } from './state.js'

/** A plan, as far as events have told. */
export interface PlanSummary {
  /** Kinde's id of the plan. */
  readonly id: string | undefined
  /** The plan's code, such as `pro`. */
  readonly code: string | undefined
  /** The plan's name. */
  readonly name: string | undefined
}

/** One of the customer's agreements. */
export interface AgreementSummary {
  /** `undefined` for what events showed without ever naming an agreement. */
  readonly id: string | undefined
  /** What this agreement alone gives. */
  readonly access: Exclude<Access, 'none'>
  /** The plan agreed on, as last told. */
  readonly plan: PlanSummary | undefined
  /** When Kinde created it, where an event has told. */
  readonly createdAt: Date | undefined
  /** When it was cancelled; `undefined` while it runs, as far as is known. */
  readonly cancelledAt: Date | undefined
  /** Since when a failed payment or an overdue invoice has not been made good. */
  readonly pastDueSince: Date | undefined
  /** As last reported, which may be in the past. */
  readonly nextInvoiceOn: Date | undefined
}

/** A meter, as last reported: whether Kinde's quantity is a total or a difference is not known. */
export interface UsageSummary {
  /** Kinde's id of the meter. */
  readonly meterId: string | undefined
  /** The code of the billed feature. */
  readonly featureCode: string | undefined
  /** What was reported last. */
  readonly quantity: number
  /** When that was. */
  readonly reportedAt: Date
  /** The event that reported it. */
  readonly eventId: string
}

/** What a customer has at one moment. */
export interface BillingSummary {
  /** The best that any of the agreements gives. */
  readonly access: Access
  /** Whether the customer may in: `active` and `past_due` are in. */
  readonly hasAccess: boolean
  /** The plan of the agreement that gives `access`; of several, of the newest. `undefined` where all have ended. */
  readonly plan: PlanSummary | undefined
  /** The next invoice of that agreement, as last reported. */
  readonly nextInvoiceOn: Date | undefined
  /** The newest first, ended ones too. */
  readonly agreements: readonly AgreementSummary[]
  /** By feature code where no meter is named, then by meter id. */
  readonly usage: readonly UsageSummary[]
  /** When the latest event happened, of those that are known. */
  readonly changedAt: Date | undefined
  /** That event. */
  readonly changedBy:
    | {
        /** `event_id`. */
        readonly id: string
        /** The event's type. */
        readonly type: BillingEventType
      }
    | undefined
  /** The next moment at which time alone may change what an agreement gives: look again then. */
  readonly reviewAt: Date | undefined
}

/** At which moment, and by which rules, a state is looked at. */
export interface SummarizeOptions {
  /** The present: epoch milliseconds, or a `Date`. */
  readonly now: number | Date
  /** By which rules facts give access. */
  readonly policy?: AccessPolicy | undefined
}

/**
 * What a customer has now.
 *
 * @param state - `undefined` for a customer of whom nothing is known: their `access` is `none`.
 * @throws {RangeError} where the state is of a version that this release does not know, or a policy's time is negative.
 * @throws {TypeError} where `now` is not a moment.
 *
 * @example
 * ```ts
 * import { type BillingState, summarize } from '@kinde-billing/state'
 *
 * function mayEnter(state: BillingState | undefined): boolean {
 *   const policy = { pastDueGraceMs: 14 * 24 * 60 * 60 * 1000 }
 *   return summarize(state, { now: Date.now(), policy }).hasAccess
 * }
 * ```
 */
export function summarize(state: BillingState | undefined, { now, policy }: SummarizeOptions): BillingSummary {
  const { facts, usage } = knownState(state)
  const rules = fullPolicy(policy)
  const at = momentOf(now)
  const known = readAgreements(facts, usage, rules).sort(newestFirst)
  const newestRunning = known.findIndex(({ cancelled }) => cancelled === undefined)
  const isReplaced = (index: number): boolean => newestRunning !== -1 && newestRunning < index
  const judged = known.map((agreement, index) => judge(agreement, isReplaced(index), rules, at))
  const agreements = judged.map(({ summary }) => summary)
  const access = ACCESS.find((candidate) => agreements.some((agreement) => agreement.access === candidate)) ?? 'none'
  const current = currentOf(agreements, access)
  const change = latest<BillingFact | UsageFact>(facts.at(-1), usage.at(-1))
  const reviews = judged.flatMap(({ reviewAt }) => (reviewAt === undefined ? [] : [reviewAt]))
  return {
    access,
    hasAccess: isIn(access),
    plan: current?.plan,
    nextInvoiceOn: current?.nextInvoiceOn,
    agreements,
    usage: summarizeUsage(usage),
    changedAt: dateOf(change?.at),
    changedBy: change && { id: change.id, type: 'type' in change ? change.type : 'customer.meter_usage_updated' },
    reviewAt: reviews.length > 0 ? new Date(Math.min(...reviews)) : undefined,
  }
}

function newestFirst(a: Agreement, b: Agreement): number {
  const [started, otherStarted] = [startOf(a), startOf(b)]
  if (started && otherStarted) return compareFacts(otherStarted, started)
  return Number(started === undefined) - Number(otherStarted === undefined) || compareText(a.id ?? '', b.id ?? '')
}

/** Of the agreements that give the access, the newest; one that waits for its replacement only where there is no other. */
function currentOf(agreements: readonly AgreementSummary[], access: Access): AgreementSummary | undefined {
  if (access === 'cancelled') return undefined
  const giving = agreements.filter((agreement) => agreement.access === access)
  return giving.find(({ cancelledAt }) => cancelledAt === undefined) ?? giving[0]
}

function judge(agreement: Agreement, isReplaced: boolean, policy: Policy, now: number) {
  const { id, created, cancelled, paid, plan, due } = agreement
  const failed = firstUnpaid(agreement.failures, paid)
  const overdue = firstUnpaid(agreement.overdues, paid)
  const known = { cancelledAt: cancelled?.at, isReplaced, failedSince: failed?.at, overdueSince: overdue?.at }
  const { access, reviewAt } = accessOf(known, policy, now)
  const owing = failed && overdue ? Math.min(failed.at, overdue.at) : latest(failed, overdue)?.at
  const summary: AgreementSummary = {
    id,
    access,
    plan: planSummary((plan ?? cancelled)?.plan),
    createdAt: dateOf(created?.at),
    cancelledAt: dateOf(cancelled?.at),
    pastDueSince: dateOf(owing),
    nextInvoiceOn: dateOf(due?.dueOn),
  }
  return { summary, reviewAt }
}

/** The first of these that no payment has made good. */
function firstUnpaid(debts: readonly BillingFact[], paid: BillingFact | undefined): BillingFact | undefined {
  return debts.find((debt) => paid === undefined || compareFacts(debt, paid) > 0)
}

function summarizeUsage(facts: readonly UsageFact[]): UsageSummary[] {
  const meters = new Map<string, UsageSummary>()
  for (const fact of facts) {
    const { at, id: eventId, meterId, featureCode, quantity } = fact
    if (quantity === undefined) continue
    meters.set(meterKey(fact), { meterId, featureCode, quantity, reportedAt: new Date(at), eventId })
  }
  return [...meters].sort(([a], [b]) => compareText(a, b)).map(([, usage]) => usage)
}

function planSummary(plan: PlanFact | undefined): PlanSummary | undefined {
  return plan && { id: plan.id, code: plan.code, name: plan.name }
}

function momentOf(now: number | Date): number {
  const at = Number(now)
  if (Number.isFinite(at)) return at
  throw new TypeError(`now is ${String(now).slice(0, 40)}: give epoch milliseconds or a Date, such as Date.now().`)
}

const dateOf = (at: number | undefined): Date | undefined => (at === undefined ? undefined : new Date(at))
