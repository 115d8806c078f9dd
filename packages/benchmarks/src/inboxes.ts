import { randomUUID } from 'node:crypto'
import { createMemoryInbox, type DeliveryInbox, type InboxDelivery } from '@kinde-billing/core/receiver'
import { createPostgresInbox, ensureSchema } from '@kinde-billing/postgres'
import { createRedisInbox } from '@kinde-billing/redis'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { startPostgres } from '@kinde-billing/test-support/postgres-server'
import { startRedis } from '@kinde-billing/test-support/redis-server'
import { Pool } from 'pg'
import { createClient } from 'redis'
import { type Contestant, type Course, type Measured, measure, spreadPercent } from './measure.js'

export interface InboxSpeed {
  readonly inbox: string
  readonly marks: number
  readonly inFlight: number
  readonly oncePerSecond: number
  readonly spreadPercent: number
}

const MEMORY_MARKS = [1000, 100_000, 1_000_000] as const
const STORE_MARKS = [0, 100_000] as const
const IN_FLIGHT = [1, 64] as const
const POOL_SIZE = 16

/** How many new deliveries a second `once` takes in, by how many marks stand already. Real stores run where they are installed. */
export async function measureInboxes(course: Omit<Course, 'inFlight'>): Promise<InboxSpeed[]> {
  return [
    ...(await measureMemory(course)),
    ...(isInstalled('redis-server') ? await measureRedis(course) : []),
    ...(isInstalled('postgres') ? await measurePostgres(course) : []),
  ]
}

const NEVER = new AbortController().signal
const handled = async (): Promise<void> => {}

function delivery(index: number | string): InboxDelivery {
  return {
    key: `https://acme.kinde.com benchmark event_${index}`,
    eventId: `event_${index}`,
    type: 'customer.plan_changed',
    occurredAt: new Date(),
    customer: 'customer_1',
    claims: {},
    leaseMs: 60_000,
    retentionMs: 86_400_000,
    redelivery: false,
    answered: NEVER,
  }
}

/** The inboxes are full: each new mark drops the oldest. */
async function measureMemory(course: Omit<Course, 'inFlight'>): Promise<InboxSpeed[]> {
  const contestants: Contestant[] = []
  for (const marks of MEMORY_MARKS) {
    const inbox = createMemoryInbox({ maxEntries: marks, onWarning: () => {} })
    for (let index = 0; index < marks; index++) await inbox.once(delivery(index), handled)
    contestants.push(newDeliveries('memory', inbox, marks))
  }
  const measured = await measure(contestants, { ...course, inFlight: 1 })
  return measured.map((one, index) => speed('memory', MEMORY_MARKS[index] ?? 0, 1, one))
}

async function measureRedis(course: Omit<Course, 'inFlight'>): Promise<InboxSpeed[]> {
  const server = await startRedis(['--appendfsync', 'everysec'])
  const client = createClient({ url: server.url })
  await client.connect()
  const speeds: InboxSpeed[] = []
  for (const marks of STORE_MARKS) {
    const inbox = createRedisInbox({ client })
    await inBatches(marks, (index) => inbox.once(delivery(`before_${index}`), handled))
    speeds.push(...(await atEveryLoad('Redis', inbox, marks, course)))
  }
  client.destroy()
  await server.close()
  return speeds
}

/** With the disk's own time: every commit is flushed. */
async function measurePostgres(course: Omit<Course, 'inFlight'>): Promise<InboxSpeed[]> {
  const server = await startPostgres([])
  const pool = new Pool({ connectionString: server.url, max: POOL_SIZE })
  await ensureSchema(pool)
  const speeds: InboxSpeed[] = []
  for (const marks of STORE_MARKS) {
    await pool.query(
      `insert into kinde_billing_deliveries (key, event_id, type, occurred_at, done_at, expires_at)
       select 'before ' || n, 'event_' || n, 'customer.plan_changed', now(), now(), now() + interval '7 days'
       from generate_series(1, $1::int) n`,
      [marks],
    )
    speeds.push(...(await atEveryLoad('Postgres', createPostgresInbox({ pool }), marks, course)))
  }
  await pool.end()
  await server.close()
  return speeds
}

async function atEveryLoad<Tx>(
  name: string,
  inbox: DeliveryInbox<Tx>,
  marks: number,
  course: Omit<Course, 'inFlight'>,
): Promise<InboxSpeed[]> {
  const speeds: InboxSpeed[] = []
  for (const inFlight of IN_FLIGHT) {
    const [one] = await measure([newDeliveries(name, inbox, marks)], { ...course, inFlight })
    if (one !== undefined) speeds.push(speed(name, marks, inFlight, one))
  }
  return speeds
}

function newDeliveries<Tx>(name: string, inbox: DeliveryInbox<Tx>, marks: number): Contestant {
  const run = randomUUID()
  let count = 0
  return { name: `${name}, ${marks}`, run: () => inbox.once(delivery(`${run}_${count++}`), handled) }
}

function speed(inbox: string, marks: number, inFlight: number, measured: Measured): InboxSpeed {
  return { inbox, marks, inFlight, oncePerSecond: 1e6 / measured.medianUs, spreadPercent: spreadPercent(measured) }
}

async function inBatches(total: number, work: (index: number) => Promise<unknown>): Promise<void> {
  const size = 500
  for (let start = 0; start < total; start += size)
    await Promise.all(Array.from({ length: Math.min(size, total - start) }, (_, offset) => work(start + offset)))
}
