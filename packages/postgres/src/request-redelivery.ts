import { KindeWebhookError } from '@kinde-billing/core'
import { assertKnownOptions, assertType, invalidConfiguration } from '@kinde-billing/core/internal'
import { withSession } from './database.js'
import { eventKeys } from './find-event.js'
import { toTimestamp } from './list-deliveries.js'
import type { AnyPostgresPool } from './pool.js'
import { storableText } from './sql-literals.js'
import { HELD_LOCKS, isToRedeliver, statusOf } from './stored-delivery.js'
import { type TableOptions, tableName } from './table-name.js'

/** The deliveries that {@link requestRedelivery} marks. */
export type RedeliverySelection =
  | {
      /** These events. */
      eventIds: readonly string[]
    }
  | {
      /** Every event that has failed and is not marked yet, or has failed again since, and waits for its next try. */
      status: 'failed'
      /** Only those that first arrived at this time or later. */
      since?: Date | undefined
    }

/** The options of {@link requestRedelivery}. */
export interface RequestRedeliveryOptions extends TableOptions {
  /** Why, at most 500 characters: it is recorded, and handlers see it as `delivery.redelivery.reason`. */
  reason: string
  /** Also run events that have been handled already. Their claims must be kept: `keepClaims: 'all'`. Default: false. */
  evenIfDone?: boolean | undefined
}

/**
 * Marks deliveries for redelivery. Nothing runs yet: {@link redeliver} does. Only events whose claims are kept can be
 * redelivered, so others are not marked. An event that is marked already, and waits because its redelivery failed, becomes due
 * at once, with the new reason.
 *
 * @param pool - a pool or a PGlite
 * @param selection - the events, or all that have failed
 * @param options.reason - why
 * @param options.evenIfDone - also events that have been handled
 * @returns how many deliveries were marked
 * @throws KindeWebhookError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { requestRedelivery } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * console.log(await requestRedelivery(pool, { status: 'failed' }, { reason: 'plan codes were missing until 14:05' }))
 * ```
 */
export async function requestRedelivery(
  pool: AnyPostgresPool,
  selection: RedeliverySelection,
  options: RequestRedeliveryOptions,
): Promise<number> {
  assertKnownOptions('requestRedelivery', options, ['table', 'reason', 'evenIfDone'])
  const table = tableName(options)
  const { reason, evenIfDone = false } = options
  if (typeof reason !== 'string' || reason.trim() === '' || reason.length > 500)
    throw invalidConfiguration('reason', reason, 'pass a text of 1 to 500 characters')
  assertType('evenIfDone', evenIfDone, 'boolean')
  const { before, condition, values } = createSelection(table, selection)
  const [row] = await withSession(pool, (session) =>
    session.query(
      `with ${before}, marked_delivery as (
         update ${table} as delivery set redelivery_requested_at = now(), redelivery_due_at = now(),
           redelivery_attempts = 0, redelivery_reason = $1, redelivery_even_if_done = done_at is not null
         where delivery.expires_at > now() and delivery.claims is not null
           and (delivery.done_at is null or $2::boolean) and ${condition}
         returning 1
       ) select count(*)::text as count from marked_delivery`,
      [reason, evenIfDone, ...values],
    ),
  )
  return Number(row?.count)
}

/** A redelivery that has failed, and that {@link redeliver} tries again later. */
const isWaiting = (row: string): string =>
  `(${isToRedeliver(row)} and ${row}.redelivery_attempts > 0 and ${row}.redelivery_due_at > now())`

function createSelection(
  table: string,
  selection: RedeliverySelection,
): { before: string; condition: string; values: unknown[] } {
  assertKnownOptions('The selection of requestRedelivery', selection, ['eventIds', 'status', 'since'])
  if ('eventIds' in selection) {
    const { eventIds } = selection
    if (Array.isArray(eventIds) && eventIds.every((id) => typeof id === 'string')) {
      const values = [JSON.stringify(eventIds.map(storableText))]
      return {
        before: eventKeys(table, '$3::json'),
        condition: 'delivery.key in (select key from found_event)',
        values,
      }
    }
  } else if (selection.status === 'failed') {
    const isFailed = `delivery.done_at is null and (${statusOf('delivery', table)} = 'failed' or ${isWaiting('delivery')})`
    if (selection.since === undefined) return { before: HELD_LOCKS, condition: isFailed, values: [] }
    const values = [toTimestamp('since', selection.since)]
    return { before: HELD_LOCKS, condition: `${isFailed} and delivery.first_seen_at >= $3::timestamptz`, values }
  }
  throw new KindeWebhookError(
    'invalid_configuration',
    "The second argument must be { eventIds: ['event_…'] } or { status: 'failed' }.",
  )
}
