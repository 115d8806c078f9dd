import { createHash } from 'node:crypto'
import { type AccessPolicy, type BillingChange, diffSummaries, summarize } from '@kinde-billing/state'
import PgBoss from 'pg-boss'
import { wordsFor } from './changes.js'
import { type Database, type Sql, states } from './database.js'
import { CHANNEL } from './schema.js'

const MAILS = 'saas-mails'
const LOOKS = 'saas-looks'

interface Mail {
  readonly customer: string
  readonly subject: string
  /** The event that made it necessary. */
  readonly cause: string
}

interface Look {
  readonly customer: string
  readonly at: string
}

/** What is done after the answer. Jobs are inserted in the transaction they belong to, so that none is lost or left over. */
export interface WorkQueue {
  /** Notes beside an event what it changed, and enqueues the mails about it. */
  recordChanges(changes: readonly BillingChange[], customer: string, cause: string, sql: Sql): Promise<void>
  /** Looks at the customer again at a moment at which time alone may change what they have. */
  lookAgain(customer: string, at: Date, sql: Sql): Promise<void>
  /** Ends the work in hand. */
  close(): Promise<void>
}

/** pg-boss on the application's own database, which may be a PGlite. */
export async function startWorkQueue(database: Database, policy: AccessPolicy): Promise<WorkQueue> {
  const boss = new PgBoss({
    schedule: false,
    db: { executeSql: (text, values) => (values ? database.query(text, values) : database.script(text)) },
  })
  boss.on('error', ({ message }) => console.error(`pg-boss: ${message}`))
  await boss.start()
  await boss.createQueue(MAILS)
  await boss.createQueue(LOOKS)

  const send = (queue: string, job: Mail | Look, sql: Sql, options: PgBoss.SendOptions = {}) =>
    boss.send(queue, job, {
      retryBackoff: true,
      ...options,
      db: { executeSql: (text, values) => sql.query(text, values) },
    })

  const queue: WorkQueue = {
    async recordChanges(changes, customer, cause, sql) {
      const words = changes.flatMap((change) => wordsFor(change) ?? [])
      await sql.query(
        `update saas_events set effects = effects || $2::text[] where id = $1 and not effects @> $2::text[]`,
        [cause, words.map(({ effect }) => effect)],
      )
      for (const { mail: subject } of words) await send(MAILS, { customer, subject, cause }, sql)
    },
    async lookAgain(customer, at, sql) {
      const look = { customer, at: at.toISOString() }
      const id = createHash('sha256').update(JSON.stringify(look)).digest('hex').slice(0, 32)
      await send(LOOKS, look, sql, { id, startAfter: at })
    },
    close: () => boss.stop(),
  }

  const workOff = <Job>(name: string, work: (job: Job) => Promise<unknown>) =>
    boss.work<Job>(name, { pollingIntervalSeconds: 0.5, batchSize: 10 }, async (jobs) => {
      for (const { data } of jobs) await work(data)
    })
  await workOff<Look>(LOOKS, async ({ customer, at }) => {
    const state = await states.read(customer, database)
    const then = new Date(at).getTime()
    const after = summarize(state, { now: then, policy })
    const changes = diffSummaries(summarize(state, { now: then - 1, policy }), after)
    if (after.changedBy) await queue.recordChanges(changes, customer, after.changedBy.id, database)
    if (after.reviewAt) await queue.lookAgain(customer, after.reviewAt, database)
    await database.query(`notify ${CHANNEL}`)
  })
  // here the mail would go out; a job may run twice, and this one does no harm then
  await workOff<Mail>(MAILS, ({ customer, subject, cause }) =>
    database.query('insert into saas_mails (customer, subject, cause) values ($1, $2, $3) on conflict do nothing', [
      customer,
      subject,
      cause,
    ]),
  )
  return queue
}
