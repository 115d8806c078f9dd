import { assertKnownOptions } from '@kinde-billing/core/internal'
import type { DeliveryInbox } from '@kinde-billing/core/receiver'
import { createArrivals } from './arrivals.js'
import { attemptOnce, describeFailure, type Work } from './attempt.js'
import { databaseOf } from './database.js'
import { deliveryStatements } from './deliveries.js'
import { resolveKeep } from './keep-claims.js'
import { withLeasedSession } from './lease.js'
import type { AnyPostgresPool, PostgresTx } from './pool.js'
import { explainMissingTable } from './sql-errors.js'
import { type TableOptions, tableName } from './table-name.js'

/** The options of {@link createPostgresInbox}. */
export interface PostgresInboxOptions<Pool extends AnyPostgresPool> extends TableOptions {
  /** The application's pool: `pg`'s, one that is compatible, or a PGlite. The application opens and closes it. */
  pool: Pool
  /**
   * Which verified claims are kept in the table, for redelivery: `'failed'` until the event is done, `'all'` for
   * {@link PostgresInboxOptions.keepMs}, `false` none. Default: `'failed'`.
   */
  keepClaims?: 'failed' | 'all' | false | undefined
  /** How long `keepClaims: 'all'` keeps the claims of a finished event, in milliseconds. Default: 30 days. */
  keepMs?: number | undefined
}

/**
 * Creates a delivery inbox on Postgres: the claim, the handler's writes and the mark are one transaction, so that each event
 * takes effect exactly once, whatever crashes when. Handlers write through `delivery.tx`, the transaction's client; what
 * they write or do elsewhere is outside that promise.
 *
 * Needs the table of {@link ensureSchema}. Each running handler holds one connection of the pool, and handlers never hold
 * the last one. At the end of a lease the connection is closed, and later calls of `delivery.tx` are refused.
 *
 * @param options - the pool, and how claims are kept
 * @returns the inbox; its `once` rejects with the pool's or Postgres's error
 * @throws KindeWebhookError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { createBillingReceiver } from '@kinde-billing/core/receiver'
 * import { createPostgresInbox, ensureSchema } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * pool.on('error', ({ message }) => console.error(`Postgres: ${message}`))
 * await ensureSchema(pool)
 *
 * const receiver = createBillingReceiver({
 *   issuer: 'https://acme.kinde.com',
 *   name: 'billing',
 *   inbox: createPostgresInbox({ pool }),
 *   on: {
 *     'customer.plan_assigned': async (event, { tx }) => {
 *       await tx.query('update customers set plan = $1 where id = $2', [event.plan.code, event.customer.id])
 *     },
 *   },
 * })
 * ```
 */
export function createPostgresInbox<Pool extends AnyPostgresPool>(
  options: PostgresInboxOptions<Pool>,
): DeliveryInbox<PostgresTx<Pool>> {
  const database = databaseOf(options?.pool)
  assertKnownOptions('createPostgresInbox', options, ['pool', 'table', 'keepClaims', 'keepMs'])
  const table = tableName(options)
  const statements = deliveryStatements(table, resolveKeep(options))
  const recordArrival = createArrivals(database, statements)

  return {
    async once(delivery, work) {
      const free = database.reserve(delivery.key)
      if (free === undefined) return 'in_progress'
      // The client comes from this very pool, so it is what the pool's type says.
      const run: Work = (tx, signal) => work(tx as PostgresTx<Pool>, signal)
      return attemptOnce({ database, statements, recordArrival }, delivery, run).finally(free)
    },
    async recordFailure(delivery, error) {
      const record = [...statements.arrival(delivery), ...statements.failure(delivery, describeFailure(error))]
      try {
        await withLeasedSession(database, delivery.leaseMs, (session) => session.transaction(record))
      } catch (cause) {
        throw explainMissingTable(cause, table)
      }
    },
  }
}
