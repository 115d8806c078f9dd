import { KindeWebhookError } from '@kinde-billing/core'
import { databaseOf } from './database.js'
import type { AnyPostgresPool } from './pool.js'
import { type TableOptions, tableName } from './table-name.js'

/** The options of {@link sweepDeliveries}. */
export interface SweepOptions extends TableOptions {
  /** How many rows one statement deletes at most. Default: 10,000. */
  batch?: number | undefined
}

/**
 * Deletes the deliveries that are no longer remembered, batch by batch, and answers how many there were. Rows of a
 * delivery that never succeeded go as well, once they are as old. Call it now and then, such as once a day; deliveries
 * are handled correctly without it, but the table grows.
 *
 * Rejects with Postgres's error. Throws a `KindeWebhookError` of code `invalid_configuration` for options that cannot work.
 *
 * @example
 * ```ts
 * import { sweepDeliveries } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env['DATABASE_URL'] })
 * console.log(await sweepDeliveries(pool), 'deliveries forgotten')
 * ```
 */
export async function sweepDeliveries(pool: AnyPostgresPool, options: SweepOptions = {}): Promise<number> {
  const { batch = 10_000 } = options
  if (!Number.isSafeInteger(batch) || batch < 1)
    throw new KindeWebhookError('invalid_configuration', 'batch: must be a whole number above 0, such as 10000.')
  const table = tableName(options)
  // Rows that another statement holds are left to the next sweep.
  const deleteBatch = `with swept as (
      delete from ${table} where key = any(array(
        select key from ${table} where expires_at <= now() order by expires_at limit $1 for update skip locked
      )) returning key
    ) select count(*)::int as count from swept`

  const session = await databaseOf(pool).open()
  try {
    let total = 0
    for (;;) {
      const [row] = await session.query(deleteBatch, [batch])
      const count = Number(row?.['count'])
      total += count
      if (count < batch) break
    }
    session.release()
    return total
  } finally {
    session.destroy()
  }
}
