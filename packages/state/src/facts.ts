import type { BillingEventOf, BillingEventType } from '@kinde-billing/core'

/**
 * A billing event as the state reads it: any `BillingEvent`, whatever `dataSchemas` made of its `data`.
 * `data` and `claims` are not looked at.
 */
export type StateEvent = { [Type in BillingEventType]: Omit<BillingEventOf<Type>, 'data' | 'claims'> }[BillingEventType]

type UsageType = 'customer.meter_usage_updated'

/** When something happened, and by which event: what decides which of two facts is the later one. */
export interface Stamp {
  /** The event's `occurredAt`, in epoch milliseconds. */
  readonly at: number
  /** The event's id. */
  readonly id: string
}

/** What the state remembers of a plan. At least one member is there. */
export interface PlanFact {
  readonly id?: string
  readonly code?: string
  readonly name?: string
}

/** What the state remembers of an event about an agreement, a plan, an invoice or a payment. */
export interface BillingFact extends Stamp {
  readonly type: Exclude<BillingEventType, UsageType>
  /** Absent where the event names no agreement. */
  readonly agreement?: string
  readonly plan?: PlanFact
  /** In epoch milliseconds. */
  readonly dueOn?: number
}

/** What the state remembers of a usage report. */
export interface UsageFact extends Stamp {
  /** Absent where the event names no agreement. */
  readonly agreement?: string
  readonly meterId?: string
  readonly featureCode?: string
  readonly quantity?: number
}

/** The fact in an event about an agreement, a plan, an invoice or a payment. */
export function billingFact(event: Exclude<StateEvent, { type: UsageType }>): BillingFact {
  const agreement = text(event.agreement.id)
  const plan = 'plan' in event ? planFact(event.plan) : undefined
  const dueOn = 'invoice' in event && namesNextInvoice(event.type) ? event.invoice.dueOn?.getTime() : undefined
  return {
    ...stampOf(event),
    type: event.type,
    ...(agreement !== undefined && { agreement }),
    ...(plan !== undefined && { plan }),
    ...(dueOn !== undefined && Number.isFinite(dueOn) && { dueOn }),
  }
}

/** The fact in a usage report. */
export function usageFact(event: Extract<StateEvent, { type: UsageType }>): UsageFact {
  const agreement = text(event.agreement.id)
  const meterId = text(event.usage.meterId)
  const featureCode = text(event.usage.featureCode)
  const { quantity } = event.usage
  return {
    ...stampOf(event),
    ...(agreement !== undefined && { agreement }),
    ...(meterId !== undefined && { meterId }),
    ...(featureCode !== undefined && { featureCode }),
    // JSON has no -0, and nothing for what is not finite.
    ...(quantity !== undefined && Number.isFinite(quantity) && { quantity: quantity + 0 }),
  }
}

/** The registers that a billing fact may hold: the latest of its type, and the latest that names a plan or an invoice. */
export function billingRegisters({ type, agreement = '', plan, dueOn }: BillingFact): string[] {
  const registers = [`${type} ${agreement}`]
  if (plan !== undefined && type !== 'customer.agreement_cancelled') registers.push(`plan ${agreement}`)
  if (dueOn !== undefined) registers.push(`due ${agreement}`)
  return registers
}

/** The register that a usage report may hold: the latest quantity of its meter. */
export function usageRegisters(fact: UsageFact): string[] {
  return fact.quantity === undefined ? [] : [meterKey(fact)]
}

/** Which meter a report is about. */
export function meterKey({
  meterId,
  featureCode = '',
}: {
  readonly meterId?: string | undefined
  readonly featureCode?: string | undefined
}): string {
  return meterId === undefined ? `feature ${featureCode}` : `meter ${meterId}`
}

/** The order of facts: by time, then by event id. What differs in nothing but its content is ordered by that. */
export function compareFacts(a: BillingFact | UsageFact, b: BillingFact | UsageFact): number {
  return a.at - b.at || compareText(a.id, b.id) || (a === b ? 0 : compareText(content(a), content(b)))
}

/** The later of two facts, where there are two. */
export function latest<Fact extends BillingFact | UsageFact>(
  a: Fact | undefined,
  b: Fact | undefined,
): Fact | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return compareFacts(a, b) < 0 ? b : a
}

/** The order of strings that is the same everywhere: by code unit, never by locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

// Member by member, since a store may have changed the order of keys (Postgres' jsonb does).
function content(fact: BillingFact | UsageFact): string {
  return JSON.stringify(
    'type' in fact
      ? [fact.type, fact.agreement, fact.plan?.id, fact.plan?.code, fact.plan?.name, fact.dueOn]
      : [fact.agreement, fact.meterId, fact.featureCode, fact.quantity],
  )
}

function stampOf({ id, occurredAt }: StateEvent): Stamp {
  const at = occurredAt.getTime()
  if (Number.isNaN(at)) throw new TypeError('event.occurredAt is an invalid Date: give the event as core decoded it.')
  return { at, id }
}

function planFact(plan: { id: string | undefined; code: string | undefined; name: string | undefined }) {
  const [id, code, name] = [text(plan.id), text(plan.code), text(plan.name)]
  if (id === undefined && code === undefined && name === undefined) return undefined
  return {
    ...(id !== undefined && { id }),
    ...(code !== undefined && { code }),
    ...(name !== undefined && { name }),
  }
}

// An overdue invoice lies in the past, and a cancelled agreement has no next one.
const namesNextInvoice = (type: BillingEventType): boolean =>
  type !== 'customer.invoice_overdue' && type !== 'customer.agreement_cancelled'

const text = (value: string | undefined): string | undefined => (value?.trim() ? value : undefined)
