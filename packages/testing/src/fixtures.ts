import { BILLING_EVENT_TYPES, type BillingEventType, isBillingEventType } from '@kinde-billing/core'
import { type Dialect, fixtureData } from './fixture-data.js'

/** The claim set of a billing webhook, as Kinde signs it. */
export interface BillingEventClaims {
  /** What the event is about, in one of the two shapes that have been seen. */
  data: Record<string, unknown>
  /** The key to deduplicate on. */
  event_id: string
  /** When it happened. */
  event_timestamp: string
  /** What caused it: `admin`, `api` or `user`. */
  source: string
  /** What the replay window is judged by. */
  timestamp: string
  /** One of the eight billing triggers, or what overrides it. */
  type: string
  [claim: string]: unknown
}

/** What to change in a fixture: any claim, and any member of `data`, where `undefined` takes a member out. */
export interface BillingEventOverrides {
  /** Merged over the fixture's `data`, member by member, not deeper. */
  readonly data?: { readonly [key: string]: unknown }
  /** Default: a new one at each call. */
  readonly event_id?: string
  /** Default: the same as `timestamp`. */
  readonly event_timestamp?: string
  /** Default: `admin`. */
  readonly source?: string
  /** Default: the present. */
  readonly timestamp?: string
  /** Default: the type the fixture is for. */
  readonly type?: string
  readonly [claim: string]: unknown
}

/** How a fixture is to be shaped. */
export interface BillingEventFixtureOptions {
  /** Kinde publishes no schema for `data`. Receivers have seen two shapes: keys side by side, or objects. Default `flat`. */
  readonly dialect?: Dialect | undefined
}

/**
 * A complete claim set for one of the eight billing triggers: every key that has been seen for it, a new `event_id`
 * at each call, and the present as its `timestamp`. It holds no amounts, since nobody outside Kinde knows their keys.
 *
 * @throws {TypeError} for a type that is not one of the eight.
 *
 * @example
 * ```ts
 * import { billingEventFixture } from '@kinde-billing/testing'
 *
 * billingEventFixture('customer.payment_failed')
 * billingEventFixture('customer.plan_changed', { data: { plan_code: 'pro' } })
 * billingEventFixture('customer.meter_usage_updated', { source: 'api', data: { quantity: 0 } })
 * billingEventFixture('customer.plan_assigned', {}, { dialect: 'nested' })
 * ```
 */
export function billingEventFixture(
  type: BillingEventType,
  overrides: BillingEventOverrides = {},
  { dialect = 'flat' }: BillingEventFixtureOptions = {},
): BillingEventClaims {
  if (!isBillingEventType(type)) {
    throw new TypeError(
      `There is no fixture for the type ${JSON.stringify(type)}. Take one of ${BILLING_EVENT_TYPES.join(', ')}, and override its \`type\`.`,
    )
  }
  const timestamp = overrides.timestamp ?? kindeTimestamp(Date.now())
  // Spreading copies a member named `__proto__` as a member; assigning it would change the prototype.
  return {
    event_id: `event_${crypto.randomUUID().replaceAll('-', '')}`,
    source: 'admin',
    event_timestamp: timestamp,
    timestamp,
    type,
    ...overrides,
    data: { ...fixtureData(type, dialect), ...overrides.data },
  }
}

/** A moment as Kinde writes it: with microseconds, and an offset from UTC. */
export function kindeTimestamp(epochMs: number): string {
  const offsetMs = 10 * 60 * 60 * 1000
  return new Date(epochMs + offsetMs).toISOString().replace('Z', '145+10:00')
}
