import { type BillingEnvelope, readBillingEnvelope } from './claims.js'
import { KindeWebhookError } from './errors.js'
import { EVENT_GROUPS } from './event-types.js'
import type { BillingEvent, EventAgreement, EventCustomer, EventGroups } from './events.js'
import { format } from './format.js'
import { getOwn, isJsonObject, type JsonObject, readText } from './json.js'
import { parseDate } from './timestamps.js'

/**
 * Rebuilds a billing event from stored claims, such as `event.claims` from a queue. It does not verify: pass only claims
 * that were verified before.
 *
 * @param claims - The verified payload.
 * @returns The event, without regard to its age.
 * @throws KindeWebhookError `invalid_payload`
 * @throws UnsupportedEventError if the type is not a billing event
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
    throw new KindeWebhookError('invalid_payload', `Claims are a JSON object, not ${format(claims)}.`)
  return buildEvent(readBillingEnvelope(claims))
}

/**
 * Builds the typed event. Kinde publishes no schema for `data`, and flat and nested keys are seen in the field: each fact
 * is read from either, flat before nested, and a value of an unexpected type counts as absent. So a verified event is
 * never refused for its `data`.
 */
export function buildEvent(envelope: BillingEnvelope): BillingEvent {
  const { type, id, occurredAt, timestamp, source, data, claims } = envelope
  const event: Record<string, unknown> = {
    type,
    id,
    occurredAt,
    timestamp,
    source,
    customer: readCustomer(data),
    agreement: readAgreement(data),
  }
  for (const group of EVENT_GROUPS[type]) event[group] = GROUP_READERS[group](data)
  event['data'] = data
  // Not enumerable, so that logging an event does not print the payload twice.
  Object.defineProperty(event, 'claims', { value: claims, writable: true, configurable: true })
  // The compiler cannot follow the table, from which both the groups and the types of BillingEvent derive.
  return event as unknown as BillingEvent
}

const GROUP_READERS: { readonly [Group in keyof EventGroups]: (data: JsonObject) => EventGroups[Group] } = {
  plan(data) {
    const nested = readNested(data, 'plan')
    return {
      id: readText(data, 'plan_id') ?? readText(nested, 'id'),
      code: readText(data, 'plan_code') ?? readText(nested, 'code') ?? readText(nested, 'key'),
      name: readText(nested, 'name'),
    }
  },
  invoice(data) {
    const dueOn = readDate(data, 'invoice_due_on') ?? readDate(data, 'next_billing_date')
    return { dueOn: dueOn ?? readDate(readNested(data, 'invoice'), 'due_on') }
  },
  usage: (data) => ({
    meterId: readText(data, 'meter_id'),
    featureCode: readText(data, 'billing_feature_code'),
    quantity: readQuantity(data, 'quantity') ?? readQuantity(data, 'meter_value'),
  }),
}

function readCustomer(data: JsonObject): EventCustomer {
  const nested = readNested(data, 'customer')
  const userId = readText(data, 'user_id') ?? readText(nested, 'user_id')
  const orgCode = readText(data, 'org_code') ?? readText(nested, 'org_code')
  return {
    id: readText(data, 'customer_id') ?? readText(nested, 'id'),
    kind: orgCode !== undefined ? 'organization' : userId !== undefined ? 'user' : 'unknown',
    userId,
    orgCode,
  }
}

function readAgreement(data: JsonObject): EventAgreement {
  const id = readText(data, 'agreement_id') ?? readText(data, 'customer_agreement_id')
  return { id: id ?? readText(readNested(data, 'agreement'), 'id') }
}

function readNested(data: JsonObject, name: string): JsonObject {
  const value = getOwn(data, name)
  return isJsonObject(value) ? value : {}
}

function readDate(from: JsonObject, name: string): Date | undefined {
  return parseDate(getOwn(from, name))
}

const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Kinde's API has meter values as strings. `0` is a value. Infinity and NaN are not. */
function readQuantity(from: JsonObject, name: string): number | undefined {
  const value = getOwn(from, name)
  const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}
