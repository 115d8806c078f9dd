import { assertKnownOptions, invalidConfiguration } from '@kinde-billing/core/internal'
import { withSession } from './database.js'
import type { AnyPostgresPool } from './pool.js'
import { type TableOptions, tableName } from './table-name.js'

/** The options of {@link sweepDeliveries}. */
export interface SweepOptions extends TableOptions {
  /** How many rows one statement deletes at most. Default: 10,000. */
  batch?: number | undefined
}

/**
 * Deletes deliveries whose time is over and claims that are no longer to be kept, batch by batch. Deliveries are handled
 * correctly without it, but the table grows: call it now and then, such as once a day. A failed event whose claims are kept
 * stays until it is done or its claims are erased.
 *
 * @param pool - a pool or a PGlite
 * @param options.batch - how many rows one statement changes at most; default 10,000
 * @returns how many deliveries were deleted
 * @throws KindeWebhookError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { sweepDeliveries } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * console.log(await sweepDeliveries(pool), 'deliveries deleted')
 * ```
 */
export async function sweepDeliveries(pool: AnyPostgresPool, options: SweepOptions = {}): Promise<number> {
  assertKnownOptions('sweepDeliveries', options, ['table', 'batch'])
  const { batch = 10_000 } = options
  if (!Number.isSafeInteger(batch) || batch < 1)
    throw invalidConfiguration('batch', batch, 'pass a whole number above 0, such as 10000')
  const table = tableName(options)
  // Rows that another statement holds are left to the next sweep.
  const keysWhere = (condition: string, order: string): string =>
    `key = any(array(select key from ${table} where ${condition} order by ${order} limit $1 for update skip locked))`
  const deleteExpired = `delete from ${table} where ${keysWhere('expires_at <= now()', 'expires_at')} returning key`
  // Claims without a time were left by an older release that marked the event.
  const removeClaims = `update ${table} set claims = null, customer = null, claims_expire_at = null,
      error_code = null, error_message = null,
      redelivery_requested_at = null, redelivery_due_at = null, redelivery_even_if_done = false
    where ${keysWhere("claims is not null and done_at is not null and coalesce(claims_expire_at, '-infinity') <= now()", 'key')}
    returning key`
  // An older release that attempts an event gives its row an end again.
  const keepFailed = `update ${table} set expires_at = 'infinity'
    where ${keysWhere("done_at is null and claims is not null and expires_at < 'infinity'", 'first_seen_at')}
    returning key`

  return withSession(pool, async (session) => {
    const repeat = async (statement: string): Promise<number> => {
      for (let total = 0; ; ) {
        const [row] = await session.query(
          `with swept_delivery as (${statement}) select count(*)::text as count from swept_delivery`,
          [batch],
        )
        const count = Number(row?.count)
        total += count
        if (count < batch) return total
      }
    }
    await repeat(keepFailed)
    await repeat(removeClaims)
    return repeat(deleteExpired)
  })
}
