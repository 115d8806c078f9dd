import { createHash } from 'node:crypto'
import { decodeBillingEvent } from '@kinde-billing/core'
import { kindeBilling } from '@kinde-billing/node'
import { createPostgresInbox, ensureSchema } from '@kinde-billing/postgres'
import { Pool } from 'pg'
import PgBoss from 'pg-boss'
import { ATTEMPTS, type BillingQueue, FIRST_RETRY_SECONDS, QUEUE_NAME, type QueueSettings } from './billing-queue.js'

/** Opens a queue on pg-boss. Jobs are inserted in the inbox's transaction: the mark and the job commit together, or not at all. */
export async function openPostgresQueue({ url, takeOverSeconds }: QueueSettings): Promise<BillingQueue> {
  const pool = new Pool({ connectionString: url, connectionTimeoutMillis: 5000 })
  // without these listeners, a restart of Postgres ends the process
  pool.on('error', ({ message }) => console.error(`Postgres: ${message}`))
  await ensureSchema(pool)

  const boss = new PgBoss({ connectionString: url, maintenanceIntervalSeconds: takeOverSeconds, schedule: false })
  boss.on('error', ({ message }) => console.error(`pg-boss: ${message}`))
  await boss.start()
  await createQueue(boss, pool)

  return {
    receive: () =>
      kindeBilling({
        name: 'billing',
        inbox: createPostgresInbox({ pool }),
        onEvent: (event, { tx }) =>
          boss.send(QUEUE_NAME, event.claims, {
            id: jobIdOf(event.id),
            retryLimit: ATTEMPTS - 1,
            retryDelay: FIRST_RETRY_SECONDS,
            retryBackoff: true,
            expireInSeconds: takeOverSeconds,
            db: { executeSql: (text, values) => tx.query(text, values) },
          }),
      }),
    async work(handle) {
      await boss.work<Record<string, unknown>>(QUEUE_NAME, { pollingIntervalSeconds: 0.5 }, async (jobs) => {
        for (const { data } of jobs) await handle(decodeBillingEvent(data))
      })
    },
    async close() {
      await boss.stop()
      await pool.end()
    },
  }
}

/** Creates the queue under a lock: two processes that create it at the same moment can deadlock. */
async function createQueue(boss: PgBoss, pool: Pool): Promise<void> {
  const session = await pool.connect()
  try {
    await session.query('select pg_advisory_lock(hashtextextended($1, 0))', [`queue ${QUEUE_NAME}`])
    if ((await boss.getQueue(QUEUE_NAME)) === null) await boss.createQueue(QUEUE_NAME)
  } finally {
    // the lock ends with the session
    session.release(true)
  }
}

/** Hashes the event's id into a UUID, which pg-boss requires as a job's id. */
function jobIdOf(eventId: string): string {
  return createHash('sha256').update(eventId).digest('hex').slice(0, 32)
}
