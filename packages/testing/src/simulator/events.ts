import { type BillingEventType, isBillingEventType } from '@kinde-billing/core'
import { type Dialect, fixtureData } from '../fixture-data.js'
import { type BillingEventClaims, type BillingEventOverrides, toKindeTimestamp } from '../fixtures.js'
import type { Random } from './random.js'

/**
 * An event to deliver: its type, and the claims that you want to set. `data` replaces the fixture's data entirely, so a
 * claim set from `billingEventFixture` fits too.
 */
export interface SimulatedEvent extends BillingEventOverrides {
  /** A billing event type, or another type, which has no fixture data. */
  readonly type: string
}

/** Claims as Kinde would sign them at this time, with an id that the seed decides. */
export function toClaims(
  event: BillingEventType | SimulatedEvent,
  occurredAtMs: number,
  random: Random,
  dialect: Dialect,
): BillingEventClaims {
  const overrides: SimulatedEvent = typeof event === 'string' ? { type: event } : event
  const { type, data = isBillingEventType(type) ? fixtureData(type, dialect) : {} } = overrides
  const timestamp = overrides.timestamp ?? toKindeTimestamp(occurredAtMs)
  const defaults = { event_id: `event_${random.hex(32)}`, source: 'admin', event_timestamp: timestamp, timestamp }
  return { ...defaults, ...overrides, data }
}
