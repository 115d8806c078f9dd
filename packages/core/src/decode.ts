import { type BillingEnvelope, judgeType, occurredAt, readBillingEnvelope } from './claims.js'
import { KindeWebhookError } from './errors.js'
import type { BillingEventType } from './event-types.js'
import type { BillingEvent, EventAgreement, EventCustomer, EventInvoice, EventPlan, EventUsage } from './events.js'
import { isJsonObject, type JsonObject, own } from './json.js'
import { quote } from './quote.js'
import { parseDate } from './timestamps.js'

/**
 * Rebuilds the event from claims that were verified before and then stored or sent through a queue as `event.claims`.
 * It does not verify: never give it what has not been verified.
 *
 * @throws KindeWebhookError `invalid_payload`; UnsupportedEventError for a type that is not one of the eight. Never for
 * time: stored claims may be old.
 *
 * @example
 * ```ts
 * import { type BillingEvent, decodeBillingEvent } from '@kinde-billing/core'
 *
 * const toQueue = (event: BillingEvent): string => JSON.stringify(event.claims)
 * const fromQueue = (job: string): BillingEvent => decodeBillingEvent(JSON.parse(job))
 * ```
 */
export function decodeBillingEvent(claims: Record<string, unknown>): BillingEvent {
  if (!isJsonObject(claims))
    throw new KindeWebhookError('invalid_payload', `Claims are a JSON object; this is ${quote(claims)}.`)
  return buildEvent(judgeType(claims), claims, readBillingEnvelope(claims))
}

/**
 * The typed event, from a judged payload. Kinde publishes no schema for `data`, and two dialects of it are read in the
 * field, one flat, one nested: each fact is read where it is, flat before nested, and a value of an unexpected type
 * counts as absent. So a verified event is never refused for its `data`.
 */
export function buildEvent(type: BillingEventType, claims: JsonObject, envelope: BillingEnvelope): BillingEvent {
  const { id, timestamp, data } = envelope
  const event = addGroups(type, data, {
    id,
    occurredAt: occurredAt(claims, envelope),
    timestamp,
    source: text(claims, 'source'),
    customer: readCustomer(data),
    agreement: readAgreement(data),
    data,
  })
  // not as a literal's member that is then hidden, which costs twice as much
  return Object.defineProperty(event, 'claims', { value: claims, writable: true, configurable: true }) as BillingEvent
}

type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never
type Common = Omit<BillingEvent, 'type' | 'plan' | 'invoice' | 'usage' | 'claims'>

function addGroups(type: BillingEventType, data: JsonObject, common: Common): DistributiveOmit<BillingEvent, 'claims'> {
  switch (type) {
    case 'customer.agreement_created':
    case 'customer.agreement_cancelled':
      return { type, ...common, plan: readPlan(data), invoice: readInvoice(data) }
    case 'customer.plan_assigned':
    case 'customer.plan_changed':
      return { type, ...common, plan: readPlan(data) }
    case 'customer.invoice_overdue':
    case 'customer.payment_failed':
    case 'customer.payment_succeeded':
      return { type, ...common, invoice: readInvoice(data) }
    case 'customer.meter_usage_updated':
      return { type, ...common, usage: readUsage(data) }
  }
}

function readCustomer(data: JsonObject): EventCustomer {
  const nested = group(data, 'customer')
  const userId = text(data, 'user_id') ?? text(nested, 'user_id')
  const orgCode = text(data, 'org_code', 'kinde_org_code') ?? text(nested, 'org_code')
  return {
    id: text(data, 'customer_id') ?? text(nested, 'id'),
    kind: orgCode !== undefined ? 'organization' : userId !== undefined ? 'user' : 'unknown',
    userId,
    orgCode,
  }
}

function readAgreement(data: JsonObject): EventAgreement {
  return { id: text(data, 'agreement_id', 'customer_agreement_id') ?? text(group(data, 'agreement'), 'id') }
}

function readPlan(data: JsonObject): EventPlan {
  const nested = group(data, 'plan')
  return {
    id: text(data, 'plan_id') ?? text(nested, 'id'),
    code: text(data, 'plan_code') ?? text(nested, 'code', 'key'),
    name: text(nested, 'name'),
  }
}

function readInvoice(data: JsonObject): EventInvoice {
  return { dueOn: date(data, 'invoice_due_on', 'next_billing_date') ?? date(group(data, 'invoice'), 'due_on') }
}

function readUsage(data: JsonObject): EventUsage {
  return {
    meterId: text(data, 'meter_id'),
    featureCode: text(data, 'billing_feature_code'),
    quantity: quantity(data, 'quantity', 'meter_value'),
  }
}

function group(data: JsonObject, name: string): JsonObject {
  const value = own(data, name)
  return isJsonObject(value) ? value : {}
}

/** The first of the members that can be read. */
function first<Value>(
  from: JsonObject,
  names: string[],
  read: (value: unknown) => Value | undefined,
): Value | undefined {
  for (const name of names) {
    const value = read(own(from, name))
    if (value !== undefined) return value
  }
  return undefined
}

const text = (from: JsonObject, ...names: string[]): string | undefined =>
  first(from, names, (value) => (typeof value === 'string' && value.trim() !== '' ? value : undefined))

const date = (from: JsonObject, ...names: string[]): Date | undefined => first(from, names, parseDate)

const quantity = (from: JsonObject, ...names: string[]): number | undefined => first(from, names, parseQuantity)

const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Kinde's API gives meter values as strings. `0` is a value; what is not finite is none. */
function parseQuantity(value: unknown): number | undefined {
  const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}
