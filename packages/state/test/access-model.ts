import type { BillingEvent } from '@kinde-billing/core'
import type { Happening } from '@kinde-billing/test-support/billing-events'
import type { Access, AccessPolicy, AccessRule, BillingSnapshot } from '../src/index.js'

// The documented rules, told once more from the documentation and not from the code: for facts that all name their
// agreement, at times that all differ. Each agreement is one loop over its facts in the order of time.

/** The answer for a customer, by the documentation. */
export interface ModelAnswer {
  readonly access: Access
  readonly rule: AccessRule
  readonly plan: string | undefined
  readonly agreements: Readonly<Record<string, Access>>
}

/** A fact as it arrived. */
export interface Arrival {
  readonly happening: Happening
  readonly receivedAt: number | undefined
}

interface Agreement {
  readonly id: string
  startedAt: number
  createdAt: number | undefined
  plan: string | undefined
  end: { readonly at: number; readonly receivedAt: number; readonly isList: boolean } | undefined
  failedAt: number | undefined
  overdueAt: number | undefined
  listing:
    | { readonly at: number; readonly expiresAt: number | undefined; readonly periodEndsAt: number | undefined }
    | undefined
}

interface Decision {
  readonly access: Exclude<Access, 'none'>
  readonly rule: AccessRule
}

const MINUTE = 60_000
const BEST_FIRST: readonly Access[] = ['active', 'past_due', 'suspended', 'cancelled']

/**
 * The answer at a moment, from every fact that has arrived. `undefined` if two agreements were first seen in one list: it is
 * not documented which of them is the newer one.
 */
export function modelAnswer(arrivals: readonly Arrival[], now: number, policy: AccessPolicy): ModelAnswer | undefined {
  const known = readAgreements(arrivals)
  if (new Set(known.map(({ startedAt }) => startedAt)).size < known.length) return undefined
  const newestFirst = known.toSorted((a, b) => b.startedAt - a.startedAt)
  const runs = (agreement: Agreement) =>
    agreement.end === undefined && (expiryOf(agreement) ?? Number.POSITIVE_INFINITY) > now
  const decisions = newestFirst.map((agreement, index) => ({
    agreement,
    ...decide(agreement, newestFirst.slice(0, index).some(runs), now, policy),
  }))
  const best = BEST_FIRST.find((access) => decisions.some((decision) => decision.access === access))
  const deciding = decisions.find(({ access }) => access === best)
  return {
    access: deciding?.access ?? 'none',
    rule: deciding?.rule ?? 'no_agreement',
    plan: deciding?.access === 'cancelled' ? undefined : deciding?.agreement.plan,
    agreements: Object.fromEntries(decisions.map(({ agreement, access }) => [agreement.id, access])),
  }
}

function readAgreements(arrivals: readonly Arrival[]): Agreement[] {
  const inTime = arrivals.toSorted((a, b) => timeOf(a) - timeOf(b))
  const lists = inTime.flatMap(({ happening }) => ('observedAt' in happening ? [happening] : []))
  const ids = inTime.flatMap(({ happening }) =>
    'observedAt' in happening ? happening.agreements.map(({ id }) => id) : (happening.agreement.id ?? []),
  )
  return [...new Set(ids)].flatMap((id) => readAgreement(id, inTime, lists) ?? [])
}

const timeOf = ({ happening }: Arrival): number =>
  ('observedAt' in happening ? happening.observedAt : happening.occurredAt).getTime()

/** One agreement; `undefined` if nothing but its cancellation is known. */
function readAgreement(
  id: string,
  inTime: readonly Arrival[],
  lists: readonly BillingSnapshot[],
): Agreement | undefined {
  const agreement: Agreement = {
    id,
    startedAt: Number.NaN,
    createdAt: undefined,
    plan: undefined,
    end: undefined,
    failedAt: undefined,
    overdueAt: undefined,
    listing: undefined,
  }
  const lastListedAt = lists.findLast(({ agreements }) => agreements.some((one) => one.id === id))?.observedAt.getTime()
  for (const arrival of inTime) {
    const { happening } = arrival
    if ('observedAt' in happening) readList(agreement, happening, lastListedAt)
    else if (happening.agreement.id === id) readEvent(agreement, happening, arrival.receivedAt)
  }
  return Number.isNaN(agreement.startedAt) ? undefined : agreement
}

function readEvent(agreement: Agreement, event: BillingEvent, receivedAt: number | undefined): void {
  const at = event.occurredAt.getTime()
  const plan = 'plan' in event ? event.plan.code : undefined
  if (event.type === 'customer.agreement_cancelled') {
    agreement.end ??= { at, receivedAt: receivedAt ?? at, isList: false }
    return
  }
  if (event.type === 'customer.agreement_created')
    Object.assign(agreement, {
      startedAt: at,
      createdAt: at,
      end: undefined,
      failedAt: undefined,
      overdueAt: undefined,
    })
  if (Number.isNaN(agreement.startedAt)) agreement.startedAt = at
  agreement.plan = plan ?? agreement.plan
  if (event.type === 'customer.payment_failed') agreement.failedAt ??= at
  if (event.type === 'customer.invoice_overdue') agreement.overdueAt ??= at
  if (event.type === 'customer.payment_succeeded')
    Object.assign(agreement, { failedAt: undefined, overdueAt: undefined })
}

function readList(agreement: Agreement, list: BillingSnapshot, lastListedAt: number | undefined): void {
  const at = list.observedAt.getTime()
  const listed = list.agreements.find(({ id }) => id === agreement.id)
  if (listed !== undefined) {
    const expiresAt = listed.expiresOn?.getTime()
    if (Number.isNaN(agreement.startedAt)) agreement.startedAt = at
    agreement.listing = { at, expiresAt, periodEndsAt: listed.periodEndsOn?.getTime() }
    agreement.plan = listed.planCode ?? agreement.plan
    if (expiresAt === undefined || expiresAt > at) agreement.end = undefined
    return
  }
  const isKnown = !Number.isNaN(agreement.startedAt)
  const isOver = agreement.end !== undefined || (expiryOf(agreement) ?? Number.POSITIVE_INFINITY) <= at
  // of an agreement that a later list has, this one says nothing
  const isAgain = lastListedAt !== undefined && lastListedAt > at
  if (list.complete && isKnown && !isOver && !isAgain) agreement.end = { at, receivedAt: at, isList: true }
}

function expiryOf({ listing, createdAt }: Agreement): number | undefined {
  if (listing?.expiresAt === undefined) return undefined
  return createdAt === undefined || createdAt <= listing.at ? listing.expiresAt : undefined
}

function decide(agreement: Agreement, isReplaced: boolean, now: number, policy: AccessPolicy): Decision {
  const { end, failedAt, overdueAt, listing } = agreement
  const { pastDueGraceMs = Number.POSITIVE_INFINITY, overdueGraceMs = Number.POSITIVE_INFINITY } = policy
  const { cancellationGraceMs = 15 * MINUTE, cancelledAccess = 'immediately' } = policy
  const paidUntil =
    cancelledAccess === 'until_period_end'
      ? (listing?.periodEndsAt ?? Number.NEGATIVE_INFINITY)
      : Number.NEGATIVE_INFINITY
  const waitsUntil =
    end === undefined || end.isList || cancellationGraceMs === 0
      ? Number.NEGATIVE_INFINITY
      : Math.max(end.at, end.receivedAt) + cancellationGraceMs
  if (end !== undefined && (isReplaced || Math.max(waitsUntil, paidUntil) <= now))
    return { access: 'cancelled', rule: end.isList ? 'not_listed' : 'cancelled' }
  if ((expiryOf(agreement) ?? Number.POSITIVE_INFINITY) <= now) return { access: 'cancelled', rule: 'expired' }
  if (failedAt !== undefined && failedAt + pastDueGraceMs <= now)
    return { access: 'suspended', rule: 'payment_grace_over' }
  if (overdueAt !== undefined && overdueAt + overdueGraceMs <= now)
    return { access: 'suspended', rule: 'overdue_grace_over' }
  if (failedAt !== undefined) return { access: 'past_due', rule: 'payment_failed' }
  if (overdueAt !== undefined) return { access: 'past_due', rule: 'invoice_overdue' }
  if (end === undefined) return { access: 'active', rule: 'active' }
  return { access: 'active', rule: paidUntil > waitsUntil ? 'paid_period' : 'cancellation_waits' }
}
