import { type BillingEvent, type BillingEventType, decodeBillingEvent, isBillingEventType } from '@kinde-billing/core'
import type { EventType } from '../events.js'
import { assertEventTypes } from '../options.js'
import { readDataShape, type Shape } from './shape.js'

/** How a tenant's schema of a billing event fits what `@kinde-billing/core` reads out of `data`. */
export interface SchemaCoverage {
  /** The type of the event. */
  readonly type: BillingEventType
  /** `false` if Kinde has sent no readable schema of `data`. */
  readonly isReadable: boolean
  /** Members of the event that the schema feeds, such as `plan.code`, each with its keys in `data`. */
  readonly fed: readonly FedMember[]
  /** Members of the event that no key of the schema feeds. */
  readonly unfed: readonly string[]
  /** Keys of the schema that are not read. They are in `event.data`. */
  readonly unread: readonly string[]
}

/** A member of the event that a schema feeds. */
export interface FedMember {
  /** The member, such as `plan.code`. */
  readonly member: string
  /** The keys in `data` that are read for it. */
  readonly keys: readonly string[]
}

/**
 * Compares the schemas of billing events with what the SDK reads.
 *
 * @param eventTypes The answer of `client.eventTypes()`.
 * @returns one entry for each billing event that the tenant offers.
 * @throws KindeManagementError `invalid_configuration` for another value.
 */
export function describeCoverage(eventTypes: readonly Pick<EventType, 'code' | 'schema'>[]): SchemaCoverage[] {
  assertEventTypes('describeCoverage', eventTypes)
  return eventTypes.flatMap(({ code, schema }) => (isBillingEventType(code) ? [describeType(code, schema)] : []))
}

function describeType(type: BillingEventType, schema: unknown): SchemaCoverage {
  const shape = readDataShape(schema)
  const keysByMember = new Map(listMembers(type, {}).map(([member]): [string, string[]] => [member, []]))
  const unread: string[] = []
  for (const path of listLeaves(shape)) {
    const members = probe(type, path)
    for (const member of members) keysByMember.get(member)?.push(path.join('.'))
    if (members.length === 0) unread.push(path.join('.'))
  }
  const entries = [...keysByMember].map(([member, keys]) => ({ member, keys }))
  return {
    type,
    isReadable: shape.kind === 'object',
    fed: entries.filter(({ keys }) => keys.length > 0),
    unfed: entries.filter(({ keys }) => keys.length === 0).map(({ member }) => member),
    unread,
  }
}

/** One of these is read at any key that is read at all: text, a date, a number. */
const SAMPLES = ['sample', '2026-01-01T00:00:00Z', 1]

/** The members of the event that appear if `data` has this key alone: the decoder itself says what it reads. */
function probe(type: BillingEventType, path: readonly string[]): string[] {
  const members = SAMPLES.flatMap((sample) => {
    const data = path.reduceRight<unknown>((value, name) => ({ [name]: value }), sample)
    return listMembers(type, data)
      .filter(([, value]) => value !== undefined)
      .map(([member]) => member)
  })
  return [...new Set(members)]
}

type Groups = Partial<{ [Group in keyof BillingEvent]: unknown }> & { plan?: object; invoice?: object; usage?: object }

/** The members of an event that come from `data`. `customer.kind` follows from the others. */
function listMembers(type: BillingEventType, data: unknown): [member: string, value: unknown][] {
  const timestamp = new Date(0).toISOString()
  const event: Groups = decodeBillingEvent({ type, event_id: 'event_probe', timestamp, data })
  return Object.entries({
    customer: event.customer,
    agreement: event.agreement,
    plan: event.plan,
    invoice: event.invoice,
    usage: event.usage,
  }).flatMap(([group, members]) =>
    Object.entries(members ?? {})
      .filter(([name]) => name !== 'kind')
      .map(([name, value]): [string, unknown] => [`${group}.${name}`, value]),
  )
}

function listLeaves(shape: Shape, path: readonly string[] = []): string[][] {
  if (shape.kind === 'object' && shape.members.length > 0)
    return shape.members.flatMap(({ name, shape: inner }) => listLeaves(inner, [...path, name]))
  if (shape.kind === 'union') {
    const objects = shape.options.filter((option) => option.kind === 'object' && option.members.length > 0)
    if (objects.length > 0) return objects.flatMap((option) => listLeaves(option, path))
  }
  return path.length === 0 ? [] : [[...path]]
}
