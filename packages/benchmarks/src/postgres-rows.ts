/**
 * How long `once` takes on a table with ten million deliveries, against an empty one: the two in turn, on a Postgres server of
 * the script's own, so that whatever else the machine does hits both alike.
 *
 *     node --conditions=@kinde-billing/source --import tsx packages/benchmarks/src/postgres-rows.ts [rows] [rounds]
 */
import type { DeliveryInbox, InboxOutcome } from '@kinde-billing/core/receiver'
import { createPostgresInbox, ensureSchema } from '@kinde-billing/postgres'
import { startPostgres } from '@kinde-billing/test-support/postgres-server'
import { Pool, type PoolClient } from 'pg'
import { median } from './measure.js'
import { figure, table } from './table.js'

const [rows = 10_000_000, rounds = 3000] = process.argv.slice(2).map(Number)
const FULL = 'deliveries_full'
const EMPTY = 'deliveries_empty'

/** Random ids, so that neither the table's order nor a page that is already in memory helps. */
const FILL = `insert into ${FULL} (key, event_id, type, occurred_at, first_seen_at, last_attempt_at, done_at, expires_at)
  select 'https://acme.kinde.com billing ' || id, id, 'customer.payment_succeeded', at, at, at, at, at + interval '7 days'
  from (select 'event_' || md5(random()::text) as id, now() - random() * interval '6 days' as at
        from generate_series(1, $1::int)) as made`

async function fill(pool: Pool): Promise<void> {
  for (const table of [FULL, EMPTY]) await ensureSchema(pool, { table })
  // Indexes that are built over the filled table are the same, and done in a fraction of the time.
  await pool.query(`drop index ${FULL}_expires_at, ${FULL}_first_seen_at`)
  await pool.query(`alter table ${FULL} drop constraint ${FULL}_pkey`)
  await pool.query(FILL, [rows])
  await pool.query(`alter table ${FULL} add constraint ${FULL}_pkey primary key (key)`)
  await pool.query(`create index ${FULL}_expires_at on ${FULL} (expires_at)`)
  await pool.query(`create index ${FULL}_first_seen_at on ${FULL} (first_seen_at)`)
  await pool.query('vacuum analyze')
  await pool.query('checkpoint')
}

/** How long each call took, in milliseconds. */
interface Times {
  first: number[]
  duplicate: number[]
}

interface Subject {
  inbox: DeliveryInbox<PoolClient>
  times: Times
}

const subjectOn = (pool: Pool, table: string): Subject => ({
  inbox: createPostgresInbox({ pool, table }),
  times: { first: [], duplicate: [] },
})

/** One event that is new, then its duplicate. */
async function measureOne({ inbox, times }: Subject): Promise<void> {
  const eventId = `event_${crypto.randomUUID().replaceAll('-', '')}`
  const delivery = {
    key: `https://acme.kinde.com billing ${eventId}`,
    eventId,
    type: 'customer.payment_succeeded',
    occurredAt: new Date(),
    customer: 'customer_1',
    claims: {},
    leaseMs: 60_000,
    retentionMs: 7 * 86_400_000,
    redelivery: false,
    answered: new AbortController().signal,
  }
  const timed = async (expected: InboxOutcome): Promise<number> => {
    const begin = performance.now()
    const outcome = await inbox.once(delivery, async () => {})
    if (outcome !== expected) throw new Error(`The inbox answered ${outcome}, not ${expected}`)
    return performance.now() - begin
  }
  times.first.push(await timed('processed'))
  times.duplicate.push(await timed('duplicate'))
}

async function compare(settings: string[]): Promise<void> {
  const server = await startPostgres(settings)
  const pool = new Pool({ connectionString: server.url, max: 1 })
  try {
    await fill(pool)
    const { rows: sizes } = await pool.query<{ size: string }>(
      'select pg_size_pretty(pg_total_relation_size($1)) as size',
      [FULL],
    )
    // The first hundred of each warm up.
    for (const table of [EMPTY, FULL])
      for (let call = 0; call < 100; call += 1) await measureOne(subjectOn(pool, table))
    const empty = subjectOn(pool, EMPTY)
    const full = subjectOn(pool, FULL)
    for (let round = 0; round < rounds; round += 1) {
      await measureOne(empty)
      await measureOne(full)
    }
    console.log(
      `\n${settings.join(', ') || 'Postgres as it comes'}; ${rows} rows, ${sizes[0]?.size}; ${rounds} rounds\n`,
    )
    print(empty.times, full.times)
  } finally {
    await pool.end()
    await server.close()
  }
}

function print(empty: Times, full: Times): void {
  const line = (kind: 'first' | 'duplicate'): string[] => {
    const [small, large] = [median(empty[kind]), median(full[kind])]
    return [kind, figure(small, 3), figure(large, 3), figure(large / small)]
  }
  console.log(table(['once', 'empty table, ms', 'full table, ms', 'ratio'], [line('first'), line('duplicate')]))
}

// Without waiting for the disk there is nothing for the size of the table to hide behind.
for (const settings of [[], ['fsync=off', 'synchronous_commit=off']]) await compare(settings)
