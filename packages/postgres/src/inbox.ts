import { type DeliveryInbox, DiscardEvent, type InboxOutcome } from '@kinde-billing/core/receiver'
import { deliveriesTable } from './deliveries.js'
import { onLeasedSession } from './lease.js'
import type { AnyPostgresPool, PostgresTx } from './pool.js'
import type { TableOptions } from './schema.js'
import { databaseOf, type Session } from './session.js'
import { explainedEnd } from './sql-errors.js'
import { lendClient } from './transaction.js'

/** The options of {@link createPostgresInbox}. */
export interface PostgresInboxOptions<Pool extends AnyPostgresPool> extends TableOptions {
  /** The application's pool: `pg`'s, one that is compatible, or a PGlite. The application opens and closes it. */
  pool: Pool
}

/**
 * A delivery inbox on Postgres: the claim, the handler's writes and the mark are one transaction, so that each event takes
 * effect exactly once, whatever crashes when. Handlers write through `delivery.tx`, the transaction's client; what they
 * write elsewhere, or do elsewhere, is outside that promise.
 *
 * Needs the table of {@link ensureSchema}. A delivery that is being handled takes one connection of the pool. At the end
 * of a lease the connection is closed, and what the handler does with `delivery.tx` afterwards is refused.
 *
 * `once` rejects with what the pool or Postgres rejects with. Throws a `KindeWebhookError` of code `invalid_configuration`
 * for options that cannot work.
 *
 * @example
 * ```ts
 * import { createBillingReceiver } from '@kinde-billing/core/receiver'
 * import { createPostgresInbox, ensureSchema } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env['DATABASE_URL'] })
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
  const deliveries = deliveriesTable(options)

  return {
    async once(delivery, work) {
      const claimAndRun = async (session: Session, signal: AbortSignal): Promise<InboxOutcome> => {
        const arrived = await deliveries.recordArrival(session, delivery)
        if (arrived !== 'open') return arrived === 'done' ? 'duplicate' : 'in_progress'

        await session.begin()
        const claimed = await deliveries.claim(session, delivery)
        if (!claimed || (await deliveries.readClaimed(session, delivery)) === 'done') {
          await session.rollback()
          return claimed ? 'duplicate' : 'in_progress'
        }
        // The client that this very pool lends: what its type says of it.
        const discarded = await runWork(session, signal, (tx) => work(tx as PostgresTx<Pool>, signal))
        await deliveries.mark(session, delivery, discarded)
        await session.commit()
        return 'processed'
      }

      const letGo = database.reserve(delivery.key)
      if (letGo === undefined) return 'in_progress'
      return onLeasedSession(database, delivery.leaseMs, claimAndRun).finally(letGo)
    },
  }
}

/** Runs the work between savepoints. Resolves where the delivery is to be marked: `true` where the work discards it. */
async function runWork(session: Session, signal: AbortSignal, work: (tx: object) => Promise<void>): Promise<boolean> {
  let isOver = false
  let discarded = false
  await session.query('savepoint before_the_handler')
  try {
    await work(lendClient(session.client(), () => !isOver && !signal.aborted))
  } catch (error) {
    isOver = true
    discarded = error instanceof DiscardEvent
    if (!discarded) {
      // What the handler threw is what matters; a connection that cannot roll back is closed.
      await session.rollback().then(session.release, () => undefined)
      throw error
    }
  }
  isOver = true
  const end = discarded ? 'rollback to savepoint before_the_handler' : 'release savepoint before_the_handler'
  await session.query(end).catch((error: unknown) => {
    throw explainedEnd(error)
  })
  return discarded
}
