/**
 * How long the Postgres inbox takes for an event, against a careful hand-written transaction (begin; insert … on conflict do
 * nothing; work; commit), on loopback and through a proxy that adds 1 ms and 5 ms each way: interleaved, on a server of the
 * script's own.
 *
 *     pnpm build && node --import tsx packages/benchmarks/src/postgres-round-trips.ts [rounds]
 */
import { createPostgresInbox, ensureSchema } from '@kinde-billing/postgres'
import { startPostgres } from '@kinde-billing/test-support/postgres-server'
import { type SlowProxy, startSlowProxy } from '@kinde-billing/test-support/slow-proxy'
import { Pool, type PoolClient } from 'pg'
import { median } from './measure.js'
import { figure, table } from './table.js'

const rounds = Number(process.argv[2] ?? 200)
const IN_FLIGHT = 64
const DELAYS_MS = [0, 1, 5]

/** One way to handle an event, whose work is one insert. */
type Handle = (eventId: string) => Promise<unknown>

const work = (client: PoolClient, eventId: string): Promise<unknown> =>
  client.query('insert into effects values ($1)', [eventId])

async function byHand(pool: Pool, eventId: string): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const insert = 'insert into handled values ($1) on conflict do nothing returning 1'
    if ((await client.query(insert, [eventId])).rows.length === 1) await work(client, eventId)
    await client.query('commit')
  } finally {
    client.release()
  }
}

function throughInbox(pool: Pool): Handle {
  const inbox = createPostgresInbox({ pool })
  const { signal } = new AbortController()
  return (eventId) =>
    inbox.once(
      {
        key: `https://acme.kinde.com billing ${eventId}`,
        eventId,
        type: 'customer.payment_succeeded',
        occurredAt: new Date(),
        customer: 'customer_1',
        claims: { event_id: eventId },
        leaseMs: 60_000,
        retentionMs: 7 * 86_400_000,
        redelivery: false,
        answered: signal,
      },
      async (tx) => void (await work(tx, eventId)),
    )
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return performance.now() - startedAt
}

async function countRoundTrips(proxy: SlowProxy, run: () => Promise<unknown>): Promise<number> {
  const before = proxy.roundTrips()
  await run()
  return proxy.roundTrips() - before
}

async function measureAt(serverPort: number, delayMs: number): Promise<string[][]> {
  const proxy = await startSlowProxy(serverPort, delayMs)
  // As many connections for both. Handlers leave one to the application, so the inbox needs one more than it has handlers.
  const options = { host: '127.0.0.1', port: proxy.port, user: 'postgres', max: IN_FLIGHT + 1 }
  const pools = [new Pool(options), new Pool(options)] as const
  const [hand, inbox]: [Handle, Handle] = [(eventId) => byHand(pools[0], eventId), throughInbox(pools[1])]
  const many = (handle: Handle) => () =>
    Promise.all(Array.from({ length: IN_FLIGHT }, () => handle(crypto.randomUUID())))
  const times = { hand: [], first: [], duplicate: [], handMany: [], firstMany: [] } as Record<string, number[]>
  const add = async (name: string, run: () => Promise<unknown>) => times[name]?.push(await timed(run))

  // Opens the connections, and uses each often enough for Postgres to keep the plans of what is prepared.
  for (let use = 0; use < 8; use += 1) for (const handle of [hand, inbox]) await many(handle)()
  for (let round = 0; round < rounds; round += 1) {
    const [byHandId, eventId] = [crypto.randomUUID(), crypto.randomUUID()]
    await add('hand', () => hand(byHandId))
    await add('first', () => inbox(eventId))
    await add('duplicate', () => inbox(eventId))
    if (round % 2 !== 0) continue
    const inTurn = [() => add('handMany', many(hand)), () => add('firstMany', many(inbox))]
    for (const measureOne of round % 4 === 0 ? inTurn : inTurn.reverse()) await measureOne()
  }
  const eventId = crypto.randomUUID()
  const trips = {
    hand: await countRoundTrips(proxy, () => hand(crypto.randomUUID())),
    first: await countRoundTrips(proxy, () => inbox(eventId)),
    duplicate: await countRoundTrips(proxy, () => inbox(eventId)),
  }
  await Promise.all(pools.map((pool) => pool.end()))
  await proxy.close()

  const row = (what: string, count: number | string, name: string, against: string): string[] => {
    const [mine = [], others = []] = [times[name], times[against]]
    // Round by round: whatever else the machine does falls on both.
    const ratios = mine.map((ms, round) => ms / (others[round] ?? Number.NaN)).sort((one, other) => one - other)
    const at = (share: number): string => figure(ratios[Math.floor(ratios.length * share)] ?? Number.NaN)
    const medians = [mine, others, ratios].map((values) => figure(median(values)))
    return [`${delayMs} ms, ${what}`, String(count), ...medians, `${at(0.1)} to ${at(0.9)}`]
  }
  return [
    row('first', trips.first, 'first', 'hand'),
    row(`first, ${IN_FLIGHT} in flight`, '', 'firstMany', 'handMany'),
    row('duplicate', trips.duplicate, 'duplicate', 'hand'),
    [`${delayMs} ms, by hand`, String(trips.hand), '', '', '', ''],
  ]
}

const server = await startPostgres(['fsync=off', 'max_connections=200'])
const setup = new Pool({ connectionString: server.url, max: 1 })
await ensureSchema(setup)
await setup.query('create table effects (event_id text); create table handled (event_id text primary key)')
await setup.end()
const rows: string[][] = []
for (const delayMs of DELAYS_MS) rows.push(...(await measureAt(server.port, delayMs)))
await server.close()
console.log(table(['each way', 'round trips', 'inbox, ms', 'by hand, ms', 'ratio', '80 % of rounds'], rows))
