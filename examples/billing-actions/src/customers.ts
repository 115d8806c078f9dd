import type { BillingEvent } from '@kinde-billing/core'
import { DiscardEvent } from '@kinde-billing/core/receiver'
import { featuresOf } from './plans'

/** One fact about a customer, and when it became so. */
export interface Latest<Value> {
  value: Value | undefined
  at: Date
}

/** The application's record of one customer: in your own application, rows of your database. */
export interface Customer {
  readonly id: string
  readonly plan: Latest<string>
  readonly payment: Latest<'paid' | 'failed' | 'overdue'>
  /** By agreement, since a plan change cancels one agreement and creates another. */
  readonly agreements: Map<string, Latest<'active' | 'cancelled'>>
  readonly usage: Map<string, Latest<number>>
  /** Messages to the customer or to staff, in place of your mail service. */
  readonly messages: string[]
}

/** Every customer that an event has named: in memory, lost with the process. */
export type Customers = Map<string, Customer>

/**
 * Returns the customer of an event, added if they are new.
 *
 * @throws DiscardEvent if the event names no customer. Another attempt would not either, so Kinde need not try again.
 */
export function customerOf(customers: Customers, { type, customer: { id, orgCode, userId } }: BillingEvent): Customer {
  const key = id ?? orgCode ?? userId
  if (key === undefined) throw new DiscardEvent(`${type} names no customer`)
  const known = customers.get(key)
  if (known !== undefined) return known
  const added: Customer = {
    id: key,
    plan: nothingYet(),
    payment: nothingYet(),
    agreements: new Map(),
    usage: new Map(),
    messages: [],
  }
  customers.set(key, added)
  return added
}

/** Returns the fact of that name, added if it is new. */
export function factOf<Value>(facts: Map<string, Latest<Value>>, name: string): Latest<Value> {
  const fact = facts.get(name) ?? nothingYet<Value>()
  facts.set(name, fact)
  return fact
}

/**
 * Takes over the value of an event, unless a newer event has set the fact, and returns whether it did. Kinde promises no
 * order: an older event that arrives late must not overwrite a newer one. In SQL: `update … where at <= $occurredAt`.
 */
export function update<Value>(fact: Latest<Value>, value: Value, { occurredAt }: BillingEvent): boolean {
  if (occurredAt < fact.at) return false
  fact.value = value
  fact.at = occurredAt
  return true
}

/**
 * How long a customer keeps access after a cancellation. A plan change cancels the old agreement too, and that event may
 * arrive before the one of the new agreement: a customer who upgrades must not be locked out in between. Kinde's first five
 * attempts take about 12½ minutes.
 */
const GRACE_MS = 15 * 60 * 1000

/** The customer's access now. */
export function accessOf(customer: Customer, now: number): 'full' | 'restricted' | 'suspended' | 'none' {
  if (!isSubscribed(customer, now)) return 'none'
  if (customer.payment.value === 'overdue') return 'suspended'
  return customer.payment.value === 'failed' ? 'restricted' : 'full'
}

function isSubscribed({ agreements, plan }: Customer, now: number): boolean {
  if (agreements.size === 0) return plan.value !== undefined
  return [...agreements.values()].some(({ value, at }) => value === 'active' || now - at.getTime() < GRACE_MS)
}

/** The store as JSON, to look at the effect of events. */
export function listCustomers(customers: Customers, now: number = Date.now()): object[] {
  return [...customers.values()].map((customer) => ({
    id: customer.id,
    access: accessOf(customer, now),
    plan: customer.plan.value,
    features: featuresOf(customer.plan.value),
    agreements: valuesOf(customer.agreements),
    payment: customer.payment.value,
    usage: valuesOf(customer.usage),
    messages: customer.messages,
  }))
}

function valuesOf<Value>(facts: Map<string, Latest<Value>>): Record<string, Value | undefined> {
  return Object.fromEntries([...facts].map(([name, { value }]) => [name, value]))
}

function nothingYet<Value>(): Latest<Value> {
  return { value: undefined, at: new Date(0) }
}
