import { BILLING_EVENT_TYPES, type BillingEventType, isBillingEventType } from '@kinde-billing/core'
import { assertKnownOptions, assertObject, invalidConfiguration } from '@kinde-billing/core/internal'
import { type Dialect, fixtureData, isDialect } from './fixture-data.js'

/** The claim set of a billing webhook, as Kinde signs it. */
export interface BillingEventClaims {
  /** Details of the event, in the shape of the chosen dialect. */
  data: Record<string, unknown>
  /** Identifies the event: the key to deduplicate on. */
  event_id: string
  /** When it happened. */
  event_timestamp: string
  /** Who caused it: `admin`, `api` or `user`. */
  source: string
  /** The time that the replay window checks. */
  timestamp: string
  /** The billing event type, unless you override it. */
  type: string
  [claim: string]: unknown
}

/** Changes to a fixture: any claim, and any member of `data`. `undefined` removes a member. */
export interface BillingEventOverrides {
  /** Merged over the fixture's `data`, one level deep. */
  readonly data?: { readonly [key: string]: unknown }
  /** Default: a new one on each call. */
  readonly event_id?: string
  /** Default: the same as `timestamp`. */
  readonly event_timestamp?: string
  /** Default: `admin`. */
  readonly source?: string
  /** Default: the current time. */
  readonly timestamp?: string
  /** Default: the fixture's type. */
  readonly type?: string
  readonly [claim: string]: unknown
}

/** Options of `billingEventFixture`. */
export interface BillingEventFixtureOptions {
  /**
   * Shape of `data`, for which Kinde documents no schema. `mixed`: flat ids and dates beside an object for the plan, as
   * receivers describe it. `flat`: keys only. `nested`: objects only. Default: `mixed`.
   */
  readonly dialect?: Dialect | undefined
}

/**
 * A complete claim set for a billing event type: the keys that have been seen for it, a new `event_id` on each call, and the
 * current time as its `timestamp`. It has no amounts, because no real payload has shown their keys.
 *
 * @param type Billing event type.
 * @param overrides Claims to change, and members of `data`.
 * @param options Shape of `data`. Default: `{ dialect: 'mixed' }`.
 * @returns A new object; you may change it.
 * @throws {KindeWebhookError} `invalid_configuration`: a type that is not a billing event type, or an option that is unknown
 * or wrong.
 *
 * @example
 * ```ts
 * import { billingEventFixture } from '@kinde-billing/testing'
 *
 * billingEventFixture('customer.payment_failed')
 * billingEventFixture('customer.plan_changed', { data: { plan: { code: 'pro' } } })
 * billingEventFixture('customer.meter_usage_updated', { source: 'api', data: { quantity: 0 } })
 * billingEventFixture('customer.plan_assigned', {}, { dialect: 'nested' })
 * ```
 */
export function billingEventFixture(
  type: BillingEventType,
  overrides: BillingEventOverrides = {},
  options: BillingEventFixtureOptions = {},
): BillingEventClaims {
  if (!isBillingEventType(type))
    throw invalidConfiguration(
      'type',
      type,
      `there is no fixture for it. Use one of ${BILLING_EVENT_TYPES.join(', ')}, and override its \`type\``,
    )
  assertKnownOptions('billingEventFixture', options, ['dialect'])
  const { dialect = 'mixed' } = options
  if (!isDialect(dialect)) throw invalidConfiguration('dialect', dialect, "use 'mixed', 'flat' or 'nested'")
  assertObject('overrides', overrides, 'pass an object with the claims to change, or leave it out')
  const timestamp = overrides.timestamp ?? toKindeTimestamp(Date.now())
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

/** Formats a time as Kinde does: with microseconds, and an offset from UTC. */
export function toKindeTimestamp(epochMs: number): string {
  const offsetMs = 10 * 60 * 60 * 1000
  return new Date(epochMs + offsetMs).toISOString().replace('Z', '145+10:00')
}
