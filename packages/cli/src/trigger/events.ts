import { isBillingEventType } from '@kinde-billing/core'
import { type BillingEventClaims, billingEventFixture, type Dialect } from '@kinde-billing/testing'
import { UsageError } from '../usage-error.js'
import { createIdentity, withIdentity } from './identity.js'
import type { ScenarioStep } from './scenarios.js'

/** Claims of an event to deliver. */
export interface EventClaims {
  readonly type: string
  readonly event_id: string
  readonly [claim: string]: unknown
}

/** Options of the events. */
export interface EventOptions {
  /** Rounds, each with another customer. */
  readonly count: number
  readonly customer: string | undefined
  /** Time of the first event, in epoch milliseconds. Default: so that the last one happens now. */
  readonly atMs: number | undefined
  readonly dialect: Dialect
  /** Replaces members of each event's `data`. */
  readonly data: { readonly [member: string]: unknown }
}

const SPACING_MS = 1000

/** Makes the events of a scenario, one round after another. Events of a round are a second apart. */
export function createEvents(steps: readonly ScenarioStep[], options: EventOptions): EventClaims[][] {
  const { count, customer, dialect, data } = options
  return Array.from({ length: count }, (_, round) => {
    const identity = createIdentity(round, customer)
    return steps.map(({ type, plan }, index) => {
      const fixture = billingEventFixture(type, {}, { dialect })
      const timestamp = timestampAt(index, steps.length, options.atMs)
      return {
        ...fixture,
        timestamp,
        event_timestamp: timestamp,
        data: { ...withIdentity(fixture.data, identity, plan), ...data },
      }
    })
  })
}

/**
 * Makes events from saved claims. Each gets a new `event_id` and a present timestamp: the claims of a fixture are too old
 * for a receiver.
 *
 * @throws UsageError if claims have no type
 */
export function createEventsFromClaims(
  saved: readonly { readonly [claim: string]: unknown }[],
  { count, atMs, data }: Pick<EventOptions, 'count' | 'atMs' | 'data'>,
): EventClaims[][] {
  return Array.from({ length: count }, () =>
    saved.map((claims, index) => {
      const { type } = claims
      if (typeof type !== 'string')
        throw new UsageError('The claims have no type. Pass a file that kinde-billing listen --save has written.')
      const timestamp = timestampAt(index, saved.length, atMs)
      return {
        ...claims,
        type,
        event_id: newEventId(),
        timestamp,
        ...('event_timestamp' in claims ? { event_timestamp: timestamp } : {}),
        ...(Object.keys(data).length > 0 ? { data: { ...Object(claims['data']), ...data } } : {}),
      }
    }),
  )
}

/** A fixture's id is as good as any. */
function newEventId(): BillingEventClaims['event_id'] {
  return billingEventFixture('customer.plan_changed').event_id
}

function timestampAt(index: number, total: number, atMs = Date.now() - (total - 1) * SPACING_MS): string {
  return toKindeTime(atMs + index * SPACING_MS)
}

/** Formats a time as Kinde does: with microseconds and an offset. */
function toKindeTime(epochMs: number): string {
  const offsetMs = 10 * 60 * 60 * 1000
  return new Date(epochMs + offsetMs).toISOString().replace('Z', '145+10:00')
}

/** Makes one step for each type. */
export function toSteps(types: readonly string[], plan: string): ScenarioStep[] {
  return types.filter(isBillingEventType).map((type) => ({ type, plan }))
}
