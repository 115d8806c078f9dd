import { assertKnownOptions, assertType } from '@kinde-billing/core/internal'
import { withSession } from './database.js'
import type { AnyPostgresPool } from './pool.js'
import { epochMs, HELD_LOCKS, isInProgress, isToRedeliver, readDate } from './stored-delivery.js'
import { type TableOptions, tableName } from './table-name.js'

/** The options of {@link inboxHealth}. */
export interface InboxHealthOptions extends TableOptions {
  /** Only this endpoint. Default: all that share the table. */
  name?: string | undefined
}

/** The state of an inbox, as far as its table tells. */
export interface InboxHealth {
  /** When an event last arrived that was new or not done. */
  readonly lastArrivalAt: Date | undefined
  /** When an event was last handled. */
  readonly lastSuccessAt: Date | undefined
  /** How many events have failed and are not done. */
  readonly failing: number
  /** The failing event that arrived first. */
  readonly oldestFailure:
    | {
        /** Kinde's `event_id`. */
        readonly eventId: string
        /** The event type. */
        readonly type: string
        /** When it first arrived. */
        readonly firstSeenAt: Date
        /** When Kinde stops trying it: roughly 36 hours after the first attempt. */
        readonly kindeStopsAt: Date
      }
    | undefined
  /**
   * Since when everything that arrives fails; `undefined` if a delivery was handled since the last failure began. What
   * {@link redeliver} runs does not count: Kinde does not see it.
   */
  readonly failingSince: Date | undefined
  /** When Kinde disables the endpoint if everything goes on failing: 72 hours after {@link InboxHealth.failingSince}. */
  readonly disabledAt: Date | undefined
  /** How many events are marked for redelivery. */
  readonly toRedeliver: number
  /** How many have not been handled for 30 days, and nothing retries them. */
  readonly dead: number
}

const HOUR_MS = 3_600_000
const KINDE_RETRIES_MS = 36 * HOUR_MS
const KINDE_DISABLES_MS = 72 * HOUR_MS

/**
 * Tells how an inbox is doing: what arrived last, what fails, and when Kinde gives up.
 *
 * @param pool - a pool or a PGlite
 * @param options.name - only this endpoint
 * @throws KindeWebhookError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { inboxHealth } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * const { failing, disabledAt } = await inboxHealth(pool)
 * if (disabledAt !== undefined) console.error(`${failing} events fail; Kinde disables the endpoint at ${disabledAt.toISOString()}`)
 * ```
 */
export async function inboxHealth(pool: AnyPostgresPool, options: InboxHealthOptions = {}): Promise<InboxHealth> {
  assertKnownOptions('inboxHealth', options, ['table', 'name'])
  assertType('name', options.name, 'string')
  const table = tableName(options)
  const ofEndpoint = `($1::text is null or split_part(delivery.key, ' ', 2) = $1)`
  const from = `from ${table} as delivery where ${ofEndpoint} and delivery.expires_at > now()`
  const lastDone = (condition: string): string => `greatest(
        (select delivery.done_at ${from} and delivery.done_at is not null and ${condition}
         order by delivery.first_seen_at desc limit 1),
        -- of marks that last equally long, the newest expires last
        (select delivery.done_at ${from} and delivery.done_at is not null and delivery.expires_at < 'infinity' and ${condition}
         order by delivery.expires_at desc limit 1)
      )`
  const query = `with ${HELD_LOCKS},
    open_delivery as materialized (
      select delivery.*, ${isToRedeliver('delivery')} as is_to_redeliver ${from} and delivery.done_at is null
        and not ${isInProgress('delivery', table)}
    ),
    oldest_open as (select event_id, type, first_seen_at from open_delivery order by first_seen_at, key limit 1),
    last_success as (select ${lastDone('true')} as at, ${lastDone('delivery.redeliveries = 0')} as seen_by_kinde)
    select ${epochMs(`greatest((select max(last_attempt_at) from open_delivery), (select delivery.first_seen_at ${from} order by delivery.first_seen_at desc limit 1))`)} as last_arrival,
      ${epochMs('(select at from last_success)')} as last_success,
      (select count(*) from open_delivery)::text as failing,
      (select event_id from oldest_open) as event_id, (select type from oldest_open) as type,
      ${epochMs('(select first_seen_at from oldest_open)')} as first_seen,
      ${epochMs(`(select min(greatest(first_seen_at, (select seen_by_kinde from last_success))) from open_delivery
          where greatest(case when redelivery_requested_at is null then failed_at end, last_attempt_at)
            > coalesce((select seen_by_kinde from last_success), '-infinity'))`)} as failing_since,
      (select count(*) ${from} and ${isToRedeliver('delivery')})::text as to_redeliver,
      (select count(*) from open_delivery where not is_to_redeliver
         and coalesce(redelivery_requested_at, first_seen_at) < now() - interval '30 days')::text as dead`
  const [row = {}] = await withSession(pool, (session) => session.query(query, [options.name ?? null]))
  const firstSeenAt = readDate(row.first_seen)
  const failingSince = readDate(row.failing_since)
  return {
    lastArrivalAt: readDate(row.last_arrival),
    lastSuccessAt: readDate(row.last_success),
    failing: Number(row.failing),
    oldestFailure: firstSeenAt && {
      eventId: String(row.event_id),
      type: String(row.type),
      firstSeenAt,
      kindeStopsAt: new Date(firstSeenAt.getTime() + KINDE_RETRIES_MS),
    },
    failingSince,
    disabledAt: failingSince && new Date(failingSince.getTime() + KINDE_DISABLES_MS),
    toRedeliver: Number(row.to_redeliver),
    dead: Number(row.dead),
  }
}
