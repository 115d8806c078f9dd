import type { BillingEventType } from '@kinde-billing/core'
import { assertKnownOptions, invalidConfiguration } from '@kinde-billing/core/internal'
import {
  ACCESS,
  type Access,
  type AccessPolicy,
  grantsAccess,
  type LineAccess,
  type Policy,
  readAccess,
  resolvePolicy,
} from './access-table.js'
import { compareFacts, compareText, type Fact } from './facts.js'
import { expiryOf, isLive, type Line } from './line.js'
import { comparePlans, type PlanFact } from './plan.js'
import { type AccessReason, NO_AGREEMENT, reasonFor } from './reason.js'
import { replay } from './replay.js'
import { type BillingState, knownState } from './state.js'

/** A plan, as far as it is known. */
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
  /** `undefined` if no event and no snapshot has named it. */
  readonly id: string | undefined
  /** The access by this agreement alone. */
  readonly access: Exclude<Access, 'none'>
  /** The reason for `access`. */
  readonly reason: AccessReason
  /** The plan as last told. */
  readonly plan: PlanSummary | undefined
  /** The features by Kinde's list, if a snapshot has told them; `undefined` after a plan change. */
  readonly features: readonly string[] | undefined
  /** When Kinde created it, if an event has told. */
  readonly createdAt: Date | undefined
  /** When it ended: it was cancelled, a complete list did not have it any more, or it expired. */
  readonly cancelledAt: Date | undefined
  /** Since when a payment is due: the first failed payment or overdue invoice that is not paid. */
  readonly pastDueSince: Date | undefined
  /** The latest payment since the creation. */
  readonly lastPaidAt: Date | undefined
  /** As last reported; the date may be in the past. */
  readonly nextInvoiceOn: Date | undefined
  /** As last listed; the date may be in the past, which ends nothing. */
  readonly periodEndsOn: Date | undefined
}

/** A meter, as last reported. It is not known whether Kinde's quantity is a total or a difference. */
export interface UsageSummary {
  /** Kinde's id of the meter. */
  readonly meterId: string | undefined
  /** The code of the billed feature. */
  readonly featureCode: string | undefined
  /** The quantity that was reported last. */
  readonly quantity: number
  /** When that was. */
  readonly reportedAt: Date
  /** The event that reported it. */
  readonly eventId: string
}

/** The answer for a customer at one moment. */
export interface BillingSummary {
  /** The best that any of the agreements gives. */
  readonly access: Access
  /** True for `active` and `past_due`. */
  readonly hasAccess: boolean
  /** The reason for `access`. */
  readonly reason: AccessReason
  /** The plan of the agreement that gives `access`; of several, of the newest. `undefined` if all have ended. */
  readonly plan: PlanSummary | undefined
  /** The features that Kinde lists for all agreements that give access, sorted. Empty if no snapshot has told them. */
  readonly features: readonly string[]
  /** The next invoice of that agreement, as last reported. */
  readonly nextInvoiceOn: Date | undefined
  /** The end of that agreement's period, as last listed. */
  readonly periodEndsOn: Date | undefined
  /** The newest first, ended ones too. */
  readonly agreements: readonly AgreementSummary[]
  /** By feature code if no meter is named, then by meter id. */
  readonly usage: readonly UsageSummary[]
  /** The names of the customer. An organization has no user id: a user in its events is a member. */
  readonly customer: {
    /** The billing customer's id. */
    readonly id: string | undefined
    /** The organization's code. */
    readonly orgCode: string | undefined
    /** The user's id. */
    readonly userId: string | undefined
  }
  /** When the latest known event happened. */
  readonly changedAt: Date | undefined
  /** The latest known event. */
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

/** The moment and the rules for reading a state. */
export interface SummarizeOptions {
  /** The present: epoch milliseconds, or a `Date`. */
  readonly now: number | Date
  /** The rules by which facts give access. */
  readonly policy?: AccessPolicy | undefined
}

/**
 * Answers what a customer has now, and why.
 *
 * @param state - `undefined` for a customer of whom nothing is known: their `access` is `none`.
 * @param options - The present, and the policy.
 * @returns The summary.
 * @throws KindeWebhookError `invalid_configuration` for an option that is unknown or wrong.
 * @throws {RangeError} if the state has a version that this release does not know.
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
export function summarize(state: BillingState | undefined, options: SummarizeOptions): BillingSummary {
  assertKnownOptions('summarize', options, ['now', 'policy'])
  const known = knownState(state)
  const policy = resolvePolicy(options.policy)
  const now = parseMoment(options.now)
  const lines = readLines(replay(known, policy), policy, now)
  const access = ACCESS.find((candidate) => lines.some((line) => line.access === candidate)) ?? 'none'
  // Also if it has been cancelled and waits: an older agreement that runs takes over when the wait is over.
  const deciding = lines.find((line) => line.access === access)
  const current = access === 'cancelled' ? undefined : deciding?.summary
  const change = latestEvent(known)
  const reviews = lines.flatMap(({ reviewAt }) => reviewAt ?? [])
  return {
    access,
    hasAccess: grantsAccess(access),
    reason: deciding?.summary.reason ?? NO_AGREEMENT,
    plan: current?.plan,
    features: unionOfFeatures(lines),
    nextInvoiceOn: current?.nextInvoiceOn,
    periodEndsOn: current?.periodEndsOn,
    agreements: lines.map(({ summary }) => summary),
    usage: summarizeUsage(known),
    customer: summarizeNames(known),
    changedAt: toDate(change?.fact.at),
    changedBy: change?.fact.id === undefined ? undefined : { id: change.fact.id, type: change.type },
    reviewAt: reviews.length > 0 ? new Date(Math.min(...reviews)) : undefined,
  }
}

interface LineSummary extends LineAccess {
  readonly summary: AgreementSummary
}

/** The agreements, newest first. An agreement is replaced if a newer one runs: its cancellation has nothing to wait for. */
function readLines(lines: readonly Line[], policy: Policy, now: number): LineSummary[] {
  const newestFirst = [...lines].sort((a, b) => compareFacts(b.start, a.start) || compareText(a.id ?? '', b.id ?? ''))
  const newestRunning = newestFirst.findIndex((line) => isLive(line, now))
  return newestFirst.map((line, index) => {
    const found = readAccess(line, newestRunning !== -1 && newestRunning < index, policy, now)
    return { ...found, summary: summarizeLine(line, found, now) }
  })
}

function summarizeLine(line: Line, found: LineAccess, now: number): AgreementSummary {
  const { id, created, end, failed, overdue, paid, due, listed } = line
  const expiry = expiryOf(line)
  const expiredAt = expiry !== undefined && expiry <= now ? expiry : undefined
  const owing = failed && overdue ? Math.min(failed.at, overdue.at) : (failed ?? overdue)?.at
  return {
    id,
    access: found.access,
    reason: reasonFor(line, found, toDate(found.reviewAt)),
    plan: planSummary(line.plan),
    features: featuresOf(line),
    createdAt: toDate(created?.at),
    cancelledAt: toDate(end?.at ?? expiredAt),
    pastDueSince: toDate(owing),
    lastPaidAt: toDate(paid?.at),
    nextInvoiceOn: toDate(due?.dueOn),
    periodEndsOn: toDate(listed?.periodEndsOn),
  }
}

/** A list's features are those of its plan: after a change to another plan they are not known. */
function featuresOf({ listed, plan }: Line): readonly string[] | undefined {
  return comparePlans(listed?.plan, plan) === 'different' ? undefined : listed?.features
}

function unionOfFeatures(lines: readonly LineSummary[]): string[] {
  const giving = lines.filter(({ access }) => grantsAccess(access))
  return [...new Set(giving.flatMap(({ summary }) => summary.features ?? []))].sort(compareText)
}

function summarizeUsage({ lists }: BillingState): UsageSummary[] {
  const meters = lists.filter(({ type }) => type === 'customer.meter_usage_updated')
  return meters.flatMap(({ facts }) => {
    const report = facts.findLast(({ quantity }) => quantity !== undefined)
    if (report?.quantity === undefined || report.id === undefined) return []
    const { at, id: eventId, meterId, featureCode, quantity } = report
    return [{ meterId, featureCode, quantity, reportedAt: new Date(at), eventId }]
  })
}

function summarizeNames({ customer: { id, orgCode, userId } }: BillingState): BillingSummary['customer'] {
  return {
    id: id?.value,
    orgCode: orgCode?.value,
    userId: orgCode === undefined ? userId?.value : undefined,
  }
}

function latestEvent({ lists }: BillingState): { fact: Fact; type: BillingEventType } | undefined {
  let found: { fact: Fact; type: BillingEventType } | undefined
  for (const { type, facts } of lists) {
    const fact = facts.at(-1)
    if (fact === undefined || type === 'agreement_used' || type === 'agreement_listed' || type === 'list_complete')
      continue
    if (found === undefined || compareFacts(fact, found.fact) > 0) found = { fact, type }
  }
  return found
}

function planSummary(plan: PlanFact | undefined): PlanSummary | undefined {
  return plan && { id: plan.id, code: plan.code, name: plan.name }
}

function parseMoment(now: number | Date): number {
  const at: unknown = typeof now === 'object' && 'getTime' in (now ?? {}) ? now.getTime() : now
  if (typeof at === 'number' && Number.isFinite(at)) return at
  throw invalidConfiguration('now', now, 'pass epoch milliseconds or a valid Date, such as Date.now()')
}

/** A date, if it is one that `Date` can hold. */
function toDate(at: number | undefined): Date | undefined {
  return at === undefined || Math.abs(at) > 8.64e15 ? undefined : new Date(at)
}
