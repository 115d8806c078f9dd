import { assertKnownOptions, assertType, invalidConfiguration } from '@kinde-billing/core/internal'
import { expiryOf, type Line, type TimedFact } from './line.js'

/** Best first: a customer with several agreements has the best of them. */
export const ACCESS = ['active', 'past_due', 'suspended', 'cancelled', 'none'] as const

/** The state of a customer. `active` and `past_due` have access; `suspended`, `cancelled` and `none` do not. */
export type Access = (typeof ACCESS)[number]

/** The rules of applications. Times are in milliseconds; `Infinity` is for ever. The defaults lock out no paying customer. */
export interface AccessPolicy {
  /**
   * How long a customer keeps access (`past_due`) after the first failed payment that is still unpaid; then they are
   * `suspended`. `0`: at once. Default `Infinity`.
   */
  readonly pastDueGraceMs?: number | undefined
  /** The same after an invoice became overdue. Default `Infinity`: an overdue invoice does not suspend. */
  readonly overdueGraceMs?: number | undefined
  /**
   * How long a cancellation waits for the agreement that replaces it, since a plan change cancels too and its other half
   * may arrive later. Counted from the cancellation, or from its receipt if that is known and later. Default 15 minutes,
   * which covers Kinde's first five attempts; `0`: it does not wait.
   */
  readonly cancellationGraceMs?: number | undefined
  /**
   * `until_period_end`: a customer who has left keeps access until the period ends, if its end is known from a snapshot or
   * from the next invoice's date. Default `immediately`, after `cancellationGraceMs`.
   */
  readonly cancelledAccess?: 'immediately' | 'until_period_end' | undefined
  /**
   * Whether a payment without an agreement id gives access to a customer whose agreements have all ended. Default `false`:
   * a last metered invoice is paid after the end.
   */
  readonly unlinkedPaymentGrantsAccess?: boolean | undefined
}

/** The policy with its defaults. */
export type Policy = { readonly [Name in keyof AccessPolicy]-?: NonNullable<AccessPolicy[Name]> }

/** The row of the access table that decides. */
export type AccessRule =
  | 'cancelled'
  | 'not_listed'
  | 'expired'
  | 'payment_grace_over'
  | 'overdue_grace_over'
  | 'payment_failed'
  | 'invoice_overdue'
  | 'cancellation_waits'
  | 'paid_period'
  | 'active'
  | 'no_agreement'

interface Row {
  readonly access: Exclude<Access, 'none'>
  /** The rule, the fact behind it, and when it begins to hold in epoch milliseconds; `undefined` if it never does. */
  readonly read: (line: Line, policy: Policy, isReplaced: boolean) => RowFact | undefined
}

interface RowFact {
  readonly rule: AccessRule
  readonly fact: TimedFact
  readonly from: number
}

/** The access that facts lead to: the first row that holds. A customer without an agreement has `none`. */
const ACCESS_TABLE: readonly Row[] = [
  { access: 'cancelled', read: (line, policy, isReplaced) => readEnd(line, policy, isReplaced) },
  { access: 'cancelled', read: (line) => readExpiry(line) },
  { access: 'suspended', read: ({ failed }, { pastDueGraceMs }) => debt('payment_grace_over', failed, pastDueGraceMs) },
  {
    access: 'suspended',
    read: ({ overdue }, { overdueGraceMs }) => debt('overdue_grace_over', overdue, overdueGraceMs),
  },
  { access: 'past_due', read: ({ failed }) => debt('payment_failed', failed, 0) },
  { access: 'past_due', read: ({ overdue }) => debt('invoice_overdue', overdue, 0) },
  { access: 'active', read: (line, policy) => readWait(line, policy) },
  { access: 'active', read: (line) => ({ rule: 'active', fact: showsAgreement(line), from: AT_ONCE }) },
]

// A row that does not wait holds as soon as its fact is known: Kinde's clock may be ahead of ours.
const AT_ONCE = Number.NEGATIVE_INFINITY

/** The access by one agreement at a moment, the row that decided, and the moment when time alone may next change it. */
export interface LineAccess {
  readonly access: Row['access']
  readonly rule: AccessRule
  readonly fact: TimedFact
  readonly reviewAt: number | undefined
}

/** Looks an agreement up in the access table. */
export function readAccess(line: Line, isReplaced: boolean, policy: Policy, now: number): LineAccess {
  let next = Number.POSITIVE_INFINITY
  for (const { access, read } of ACCESS_TABLE) {
    const found = read(line, policy, isReplaced)
    if (found === undefined) continue
    const { rule, fact, from } = found
    if (from <= now) return { access, rule, fact, reviewAt: next <= LAST_DATE ? next : undefined }
    next = Math.min(next, from)
  }
  // the last row always holds
  return { access: 'active', rule: 'active', fact: line.start, reviewAt: undefined }
}

/** The last moment that a `Date` can hold. */
const LAST_DATE = 8.64e15

function readEnd(line: Line, policy: Policy, isReplaced: boolean): RowFact | undefined {
  const { end } = line
  if (end === undefined) return undefined
  const rule = end.type === 'list_complete' ? 'not_listed' : 'cancelled'
  return { rule, fact: end, from: isReplaced ? AT_ONCE : Math.max(graceEnd(end, policy), paidUntil(line, policy)) }
}

/** A cancellation waits; a complete list does not, since it would hold the replacement too. */
function graceEnd(end: TimedFact, { cancellationGraceMs }: Policy): number {
  if (end.type === 'list_complete' || cancellationGraceMs === 0) return AT_ONCE
  return Math.max(end.at, end.receivedAt ?? end.at) + cancellationGraceMs
}

function paidUntil(line: Line, { cancelledAccess }: Policy): number {
  return cancelledAccess === 'until_period_end' ? (periodEnd(line) ?? AT_ONCE) : AT_ONCE
}

/** The end of the current period, or else the date of the next invoice, as last told. */
function periodEnd({ listed, due }: Line): number | undefined {
  const [period, next] = [listed?.periodEndsOn, due?.dueOn]
  return period === undefined || next === undefined ? (period ?? next) : Math.max(period, next)
}

function readExpiry(line: Line): RowFact | undefined {
  const from = expiryOf(line)
  return from === undefined || line.listed === undefined ? undefined : { rule: 'expired', fact: line.listed, from }
}

/** Why an agreement that has ended still gives access. */
function readWait(line: Line, policy: Policy): RowFact | undefined {
  const { end } = line
  if (end === undefined) return undefined
  const isPaid = paidUntil(line, policy) > graceEnd(end, policy)
  return { rule: isPaid ? 'paid_period' : 'cancellation_waits', fact: end, from: AT_ONCE }
}

function debt(rule: AccessRule, since: TimedFact | undefined, graceMs: number): RowFact | undefined {
  if (since === undefined) return undefined
  return { rule, fact: since, from: graceMs === 0 ? AT_ONCE : since.at + graceMs }
}

/** The fact without which the agreement would not be active: the payment of a debt, else what shows the agreement. */
function showsAgreement({ settledBy, created, start }: Line): TimedFact {
  return settledBy ?? created ?? start
}

/** Tells whether this is access. */
export function grantsAccess(access: Access): access is 'active' | 'past_due' {
  return access === 'active' || access === 'past_due'
}

const POLICY_MEMBERS: readonly (keyof AccessPolicy)[] = [
  'pastDueGraceMs',
  'overdueGraceMs',
  'cancellationGraceMs',
  'cancelledAccess',
  'unlinkedPaymentGrantsAccess',
]

/**
 * Fills in the policy's defaults.
 *
 * @throws KindeWebhookError `invalid_configuration` for an unknown member, and for a value that it cannot have.
 */
export function resolvePolicy(policy: AccessPolicy = {}): Policy {
  assertKnownOptions('policy', policy, POLICY_MEMBERS)
  const { cancelledAccess = 'immediately', unlinkedPaymentGrantsAccess = false } = policy
  if (cancelledAccess !== 'immediately' && cancelledAccess !== 'until_period_end')
    throw invalidConfiguration(
      'policy.cancelledAccess',
      cancelledAccess,
      `set it to "immediately" or "until_period_end"`,
    )
  assertType('policy.unlinkedPaymentGrantsAccess', unlinkedPaymentGrantsAccess, 'boolean')
  return {
    pastDueGraceMs: parseTime('pastDueGraceMs', policy.pastDueGraceMs ?? Number.POSITIVE_INFINITY),
    overdueGraceMs: parseTime('overdueGraceMs', policy.overdueGraceMs ?? Number.POSITIVE_INFINITY),
    cancellationGraceMs: parseTime('cancellationGraceMs', policy.cancellationGraceMs ?? 15 * 60_000),
    cancelledAccess,
    unlinkedPaymentGrantsAccess,
  }
}

function parseTime(name: keyof AccessPolicy, value: number): number {
  if (typeof value === 'number' && value >= 0) return value
  throw invalidConfiguration(`policy.${name}`, value, 'set it to milliseconds, 0 or more, or to Infinity')
}
