import type { BillingEventOf, BillingEventType } from '@kinde-billing/core'
import { kindOf } from '@kinde-billing/core/internal'
import { type PlanFact, planKey } from './plan.js'

/** A billing event with any type of `data`. `data` and `claims` are not read. */
export type StateEvent = { [Type in BillingEventType]: Omit<BillingEventOf<Type>, 'data' | 'claims'> }[BillingEventType]

type UsageEvent = Extract<StateEvent, { type: 'customer.meter_usage_updated' }>

/**
 * The type of a fact: that of its event, or one of these. A usage report is two facts: what its meter showed, and that its
 * agreement exists. A snapshot is a fact for each agreement that it lists, and one more if its list is complete.
 */
export type FactType = BillingEventType | 'agreement_used' | 'agreement_listed' | 'list_complete'

/** The part of an event or snapshot that the state remembers. */
export interface Fact {
  /** `occurredAt` or `observedAt`, in epoch milliseconds. */
  readonly at: number
  /** The event's id; absent for a snapshot. */
  readonly id?: string | undefined
  readonly plan?: PlanFact | undefined
  /** The next invoice's date, in epoch milliseconds. */
  readonly dueOn?: number | undefined
  /** When the event first arrived, in epoch milliseconds. Kept of cancellations. */
  readonly receivedAt?: number | undefined
  readonly meterId?: string | undefined
  readonly featureCode?: string | undefined
  readonly quantity?: number | undefined
  readonly expiresOn?: number | undefined
  readonly periodEndsOn?: number | undefined
  readonly features?: readonly string[] | undefined
}

/** The facts of one type about one agreement, one plan without an agreement id, or one meter, oldest first. */
export interface FactList {
  readonly type: FactType
  /** Absent if the facts name no agreement. */
  readonly agreement?: string
  /** Of facts without an agreement: their plan. Of usage: its meter. */
  readonly group?: string
  readonly facts: readonly Fact[]
}

/** The facts in an event. */
export function factsOfEvent(event: StateEvent, receivedAt: Date | undefined): FactList[] {
  if (event.type === 'customer.meter_usage_updated') return usageFacts(event)
  const plan = 'plan' in event ? planFact(event.plan) : undefined
  const dueOn = 'invoice' in event && namesNextInvoice(event.type) ? time(event.invoice.dueOn) : undefined
  const receipt = event.type === 'customer.agreement_cancelled' ? time(receivedAt) : undefined
  const fact = stamp(event)
  if (plan !== undefined) fact.plan = plan
  if (dueOn !== undefined) fact.dueOn = dueOn
  if (receipt !== undefined) fact.receivedAt = receipt
  const agreement = text(event.agreement.id)
  if (agreement !== undefined) return [{ type: event.type, agreement, facts: [fact] }]
  return [{ type: event.type, ...(plan && { group: planKey(plan) }), facts: [fact] }]
}

function usageFacts(event: UsageEvent): FactList[] {
  const agreement = text(event.agreement.id)
  const meterId = text(event.usage.meterId)
  const featureCode = text(event.usage.featureCode)
  const { quantity } = event.usage
  const report = stamp(event)
  if (meterId !== undefined) report.meterId = meterId
  if (featureCode !== undefined) report.featureCode = featureCode
  // JSON has no -0, no NaN and no Infinity
  if (quantity !== undefined && Number.isFinite(quantity)) report.quantity = quantity + 0
  return [
    { type: 'agreement_used', ...(agreement !== undefined && { agreement }), facts: [stamp(event)] },
    { type: event.type, group: meterKey({ meterId, featureCode }), facts: [report] },
  ]
}

/** The name of the meter that a report is about. */
export function meterKey({
  meterId,
  featureCode = '',
}: {
  readonly meterId?: string | undefined
  readonly featureCode?: string | undefined
}): string {
  return meterId === undefined ? `feature ${featureCode}` : `meter ${meterId}`
}

/** Orders facts by time, then by event id, so that a snapshot comes before an event of the same moment, then by content. */
export function compareFacts(a: Fact, b: Fact): number {
  return a.at - b.at || compareText(a.id ?? '', b.id ?? '') || (a === b ? 0 : compareText(content(a), content(b)))
}

/** Orders strings by code unit, which is the same everywhere. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

// Member by member, since a store may have changed the order of keys (Postgres' jsonb does). Without the receipt, in which
// two copies of one fact may differ.
function content({ plan, ...fact }: Fact): string {
  return JSON.stringify([
    [plan?.id, plan?.code, plan?.name, fact.dueOn, fact.meterId, fact.featureCode, fact.quantity],
    [fact.expiresOn, fact.periodEndsOn, fact.features],
  ])
}

/** A date of any realm: test runners have their own. */
function isDate(value: unknown): value is Date {
  return kindOf(value) === 'Date'
}

/** The milliseconds of a valid date. */
export function time(date: Date | undefined): number | undefined {
  const at = isDate(date) ? date.getTime() : undefined
  return at !== undefined && Number.isFinite(at) ? at : undefined
}

/** The text, unless it is blank. */
export function text(value: string | undefined): string | undefined {
  return value?.trim() ? value : undefined
}

type NewFact = { -readonly [Name in keyof Fact]: Fact[Name] }

// Members are added to it one by one: such objects are read several times as fast as those made by spreading.
function stamp({ id, occurredAt }: StateEvent): NewFact {
  const at = time(occurredAt)
  if (at === undefined) throw new TypeError('event.occurredAt is an invalid Date: pass the event as core decoded it.')
  return { at, id }
}

function planFact(plan: {
  id: string | undefined
  code: string | undefined
  name: string | undefined
}): PlanFact | undefined {
  const [id, code, name] = [text(plan.id), text(plan.code), text(plan.name)]
  if (id === undefined && code === undefined && name === undefined) return undefined
  const fact: { -readonly [Name in keyof PlanFact]: PlanFact[Name] } = {}
  if (id !== undefined) fact.id = id
  if (code !== undefined) fact.code = code
  if (name !== undefined) fact.name = name
  return fact
}

// An overdue invoice lies in the past, and a cancelled agreement has no next one.
const namesNextInvoice = (type: BillingEventType): boolean =>
  type !== 'customer.invoice_overdue' && type !== 'customer.agreement_cancelled'
