import type { BillingEventType } from '@kinde-billing/core'
import type { AccessRule, LineAccess } from './access-table.js'
import type { Line, TimedFact } from './line.js'

/** The event or snapshot that a statement rests on. */
export type FactReference = EventReference | SnapshotReference

/** A billing event. */
export interface EventReference {
  /** A billing event. */
  readonly source: 'event'
  /** Its `event_id`. */
  readonly id: string
  /** Its type. */
  readonly type: BillingEventType
  /** Its `occurredAt`. */
  readonly at: Date
}

/** A read of Kinde's Management API. */
export interface SnapshotReference {
  /** A snapshot. */
  readonly source: 'snapshot'
  /** Its `observedAt`. */
  readonly at: Date
}

/** Why a customer has what they have. */
export interface AccessReason {
  /** The row of the access table that decided. */
  readonly rule: AccessRule
  /** The fact behind it; `undefined` only for `no_agreement`. */
  readonly fact: FactReference | undefined
  /** One sentence that an operator can read out. */
  readonly text: string
}

/** The reason of a customer without an agreement. */
export const NO_AGREEMENT: AccessReason = {
  rule: 'no_agreement',
  fact: undefined,
  text: 'No access: no agreement of this customer is known.',
}

/** Says why an agreement gives what it gives. */
export function reasonFor(line: Line, { rule, fact }: LineAccess, until: Date | undefined): AccessReason {
  return { rule, fact: referTo(fact), text: sentence(line, rule, fact, until) }
}

/** The reference to a fact. */
export function referTo({ type, id, at }: TimedFact): FactReference {
  const date = new Date(at)
  if (type === 'agreement_listed' || type === 'list_complete' || id === undefined)
    return { source: 'snapshot', at: date }
  return { source: 'event', id, type: type === 'agreement_used' ? 'customer.meter_usage_updated' : type, at: date }
}

function sentence(line: Line, rule: AccessRule, fact: TimedFact, until: Date | undefined): string {
  const name = nameOf(line)
  const when = day(fact.at)
  switch (rule) {
    case 'cancelled':
      return `No access: ${name} was cancelled on ${when}, and no other runs.`
    case 'not_listed':
      return `No access: Kinde's complete list of ${when} does not have ${name}, and no other runs.`
    case 'expired':
      return `No access: ${name} expired on ${day(line.listed?.expiresOn ?? fact.at)}, and no other runs.`
    case 'payment_grace_over':
      return `Suspended: a payment for ${name} failed on ${when}, has not been made since, and the time to pay is over.`
    case 'overdue_grace_over':
      return `Suspended: an invoice for ${name} was overdue on ${when}, is not paid, and the time to pay is over.`
    case 'payment_failed':
      return `Access, with a payment due: a payment for ${name} failed on ${when} and has not been made since${before(until)}.`
    case 'invoice_overdue':
      return `Access, with a payment due: an invoice for ${name} was overdue on ${when} and is not paid${before(until)}.`
    case 'cancellation_waits':
      return `Access for now: ${name} was cancelled on ${when}, and a plan change may still bring another${before(until)}.`
    case 'paid_period':
      return `Access until the end of the paid period: ${name} ended on ${when}${before(until)}.`
    case 'active':
      return `Access: ${name} ${active(fact)} on ${when}, and nothing is owed.`
    case 'no_agreement':
      return NO_AGREEMENT.text
  }
}

function active({ type }: TimedFact): string {
  switch (type) {
    case 'customer.agreement_created':
      return 'was created'
    case 'customer.payment_succeeded':
      return 'was paid for'
    case 'agreement_listed':
      return 'was on the list that Kinde gave'
    default:
      return 'was first seen'
  }
}

const before = (until: Date | undefined): string => (until ? `; access until ${day(until.getTime())}` : '')

/** Names an agreement for people. */
export function nameOf({ id, plan }: Line): string {
  const planName = plan?.name ?? plan?.code ?? plan?.id
  const on = planName === undefined ? '' : ` on plan ${printable(planName)}`
  if (id === undefined) return `an agreement without an id${on}`
  // The ids of Kinde that have been seen say what they are: agreement_0195…
  return `${id.startsWith('agreement') ? '' : 'agreement '}${printable(id)}${on}`
}

/** A moment in words: UTC, to the minute. */
export function day(at: number): string {
  return Math.abs(at) <= 8.64e15
    ? `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
    : 'an unknown date'
}

// Names come from events: no control characters, and not longer than a line.
function printable(text: string): string {
  const safe = text.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, '?')
  return safe.length > 80 ? `${safe.slice(0, 79)}…` : safe
}
