import { type BillingEventType, isBillingEventType } from '@kinde-billing/core'
import { type Dialect, fixtureData } from './fixture-data.js'
import { type BillingEventClaims, type BillingEventOverrides, kindeTimestamp } from './fixtures.js'
import type { Chance } from './simulator-chance.js'

/**
 * An event to deliver: its type, and those of its claims that are not to be filled in. `data` is delivered as it is given, so
 * that what `billingEventFixture` makes fits as well.
 */
export interface SimulatedEvent extends BillingEventOverrides {
  /** One of the eight, or another type, which has no fixture data. */
  readonly type: string
}

/** The claims as Kinde would sign them at this time, with an id that the seed decides. */
export function claimsOf(
  event: BillingEventType | SimulatedEvent,
  occurredAtMs: number,
  chance: Chance,
  dialect: Dialect,
): BillingEventClaims {
  const given: SimulatedEvent = typeof event === 'string' ? { type: event } : event
  const { type, data = isBillingEventType(type) ? fixtureData(type, dialect) : {} } = given
  const timestamp = given.timestamp ?? kindeTimestamp(occurredAtMs)
  return { event_id: `event_${chance.hex(32)}`, source: 'admin', event_timestamp: timestamp, timestamp, ...given, data }
}
