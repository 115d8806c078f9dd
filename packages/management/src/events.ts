import { parseDate } from '@kinde-billing/core/internal'
import * as v from 'valibot'
import type { CallOptions } from './agreements.js'
import type { Api } from './api.js'
import { Id, OptionalText } from './lenient.js'

/** A kind of event that the tenant can send. */
export interface EventType {
  /** The `type` of the events, such as `customer.plan_changed`. */
  readonly code: string
  /** Kinde's id of the event type. */
  readonly id: string | undefined
  /** Its name. */
  readonly name: string | undefined
  /** Its origin, as Kinde writes it. */
  readonly origin: string | undefined
  /** Kinde's description of the payload: a JSON Schema, or anything else that it sends. Read it with care. */
  readonly schema: unknown
}

/** An event, read back from Kinde. */
export interface ReadEvent {
  /** Kinde's `event_id`. */
  readonly id: string
  /** The type, such as `customer.plan_changed`. */
  readonly type: string
  /** The source, such as `admin`. */
  readonly source: string | undefined
  /** The time; `undefined` if it cannot be read. */
  readonly timestamp: Date | undefined
  /** The data, as Kinde sent it. */
  readonly data: Record<string, unknown>
  /** The same as the claims of a webhook token: pass them to `decodeBillingEvent`. Not signed by Kinde. */
  readonly claims: Record<string, unknown>
}

const EventTypesAnswer = v.object({
  event_types: v.array(
    v.pipe(
      v.object({
        code: Id,
        id: OptionalText,
        name: OptionalText,
        origin: OptionalText,
        schema: v.optional(v.unknown()),
      }),
      v.transform(({ code, id, name, origin, schema }): EventType => ({ code, id, name, origin, schema })),
    ),
  ),
})

const EventAnswer = v.object({
  event: v.looseObject({
    type: Id,
    event_id: Id,
    source: OptionalText,
    timestamp: v.optional(v.union([v.string(), v.number()])),
    data: v.record(v.string(), v.unknown()),
  }),
})

/** Reads the event types of the tenant. */
export async function readEventTypes(api: Api, { signal }: CallOptions = {}): Promise<EventType[]> {
  const { event_types } = await api.call({
    method: 'GET',
    path: '/api/v1/event_types',
    scope: 'read:event_types',
    schema: EventTypesAnswer,
    signal,
  })
  return event_types
}

/** Reads one event. */
export async function readEvent(api: Api, eventId: string, { signal }: CallOptions = {}): Promise<ReadEvent> {
  const { event } = await api.call({
    method: 'GET',
    path: `/api/v1/events/${encodeURIComponent(eventId)}`,
    scope: 'read:events',
    schema: EventAnswer,
    signal,
  })
  const timestamp = parseMoment(event.timestamp)
  const claims = timestamp === undefined ? { ...event } : { ...event, timestamp: timestamp.toISOString() }
  return { id: event.event_id, type: event.type, source: event.source, timestamp, data: event.data, claims }
}

/** Epoch seconds stay below this until the year 5138; epoch milliseconds have been above it since 1973. */
const SECONDS_BELOW = 1e11

/** Kinde documents an integer and describes ISO 8601 text. Both are read. */
function parseMoment(value: string | number | undefined): Date | undefined {
  const number = typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value.trim()) ? Number(value) : value
  if (typeof number !== 'number') return parseDate(value)
  const date = new Date(number < SECONDS_BELOW ? number * 1000 : number)
  return Number.isNaN(date.getTime()) ? undefined : date
}
