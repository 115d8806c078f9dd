import { assertKnownOptions, assertType, invalidConfiguration } from '@kinde-billing/core/internal'
import { withSession } from './database.js'
import { eventKeys } from './find-event.js'
import type { AnyPostgresPool } from './pool.js'
import { storableText } from './sql-literals.js'
import { deliveryColumns, HELD_LOCKS, readStoredDelivery, type StoredDelivery } from './stored-delivery.js'
import { type TableOptions, tableName } from './table-name.js'

/** The options of {@link readDelivery}. */
export interface ReadDeliveryOptions extends TableOptions {
  /** The endpoint's name, if several endpoints share the table. Default: the endpoint where it arrived last. */
  name?: string | undefined
}

/** A delivery with the claims that are kept of it. */
export interface DeliveryDetails extends StoredDelivery {
  /** The verified payload; `undefined` if it is not kept. Personal data: show it to those who may see it. */
  readonly claims: Record<string, unknown> | undefined
}

/**
 * Reads one delivery, with its claims if they are kept.
 *
 * @param pool - a pool or a PGlite
 * @param eventId - Kinde's `event_id`
 * @param options.name - the endpoint, if several share the table
 * @returns the delivery, or `undefined` if none is known
 * @throws KindeWebhookError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { readDelivery } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * const delivery = await readDelivery(pool, 'event_018f331a3178f7fef284b95fe6770384')
 * console.log(delivery?.status, delivery?.lastError?.message)
 * ```
 */
export async function readDelivery(
  pool: AnyPostgresPool,
  eventId: string,
  options: ReadDeliveryOptions = {},
): Promise<DeliveryDetails | undefined> {
  assertKnownOptions('readDelivery', options, ['table', 'name'])
  assertType('name', options.name, 'string')
  if (typeof eventId !== 'string') throw invalidConfiguration('eventId', eventId, "pass Kinde's event_id")
  const table = tableName(options)
  const [row] = await withSession(pool, (session) =>
    session.query(
      `with ${eventKeys(table, '$1::json')}, ${HELD_LOCKS}
       select ${deliveryColumns('delivery', table)}, delivery.claims
       from ${table} as delivery join found_event using (key)
       where delivery.expires_at > now() and ($2::text is null or split_part(delivery.key, ' ', 2) = $2)
       order by delivery.last_attempt_at desc, delivery.key
       limit 1`,
      [JSON.stringify([storableText(eventId)]), options.name ?? null],
    ),
  )
  if (row === undefined) return undefined
  const { claims } = row
  const details = { claims: typeof claims === 'string' ? JSON.parse(claims) : undefined }
  // Not enumerable, so that logging a delivery does not print its claims.
  return Object.defineProperty({ ...readStoredDelivery(row), ...details }, 'claims', { enumerable: false })
}
