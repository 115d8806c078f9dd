import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PgBouncerServer, startPgBouncer } from '@kinde-billing/test-support/pgbouncer-server'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { describeTwoProcesses, type SharedStore } from '@kinde-billing/test-support/two-processes'
import { describeInbox } from '@kinde-billing/testing/inbox-contract'
import { newDelivery, settled } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPostgresInbox, ensureSchema, readDelivery } from '../src/index.js'

const RECEIVER = new URL('./receiver-process.ts', import.meta.url)
const isReady = isInstalled('postgres') && isInstalled('pgbouncer')

describe.runIf(isReady).each([
  // Few connections, so that transactions of both processes take turns on them.
  { mode: 'transaction', poolSize: 6 } as const,
  // One for each connection of the processes, and for those that a kill leaves behind.
  { mode: 'session', poolSize: 60 } as const,
])('behind PgBouncer in $mode mode', ({ mode, poolSize }) => {
  let server: PostgresServer
  let bouncer: PgBouncerServer
  let observer: Pool

  beforeAll(async () => {
    server = await startPostgres()
    bouncer = await startPgBouncer(server.port, { mode, poolSize })
    observer = new Pool({ connectionString: server.url, max: 3 })
    const pool = new Pool({ connectionString: bouncer.url, max: 1 })
    await ensureSchema(pool)
    await pool.end()
    await observer.query('create table effects (event_id text)')
  })
  afterAll(async () => {
    await observer.end()
    await bouncer.close()
    await server.close()
  })

  describeInbox(
    'an inbox on Postgres',
    () => {
      const pools = [1, 2].map(() => new Pool({ connectionString: bouncer.url, max: 5 }).on('error', () => {}))
      const [pool, otherPool] = pools as [Pool, Pool]
      return {
        inbox: createPostgresInbox({ pool }),
        other: createPostgresInbox({ pool: otherPool }),
        close: async () => {
          await Promise.all(pools.map((one) => one.end()))
        },
      }
    },
    {
      writes: {
        async write(tx, value) {
          await tx.query('insert into effects values ($1)', [value])
        },
        async committed() {
          const { rows } = await observer.query<{ event_id: string }>('select event_id from effects')
          return rows.map(({ event_id }) => event_id)
        },
      },
    },
  )

  describeTwoProcesses(
    'two processes',
    RECEIVER,
    async (): Promise<SharedStore> => ({
      url: bouncer.url,
      async effects() {
        const { rows } = await observer.query<{ event_id: string; count: number }>(
          'select event_id, count(*)::int as count from effects group by event_id',
        )
        return new Map(rows.map(({ event_id, count }) => [event_id, count]))
      },
      close: async () => {},
    }),
    (effects) => {
      expect(new Set(effects.values()), 'each effect exactly once').toEqual(new Set([1]))
    },
    { events: 200, kills: 5 },
  )
})

describe.runIf(isReady)('named prepared statements behind PgBouncer in transaction mode', () => {
  it('fail the handler with the true reason, and nothing else', async () => {
    const server = await startPostgres()
    const bouncer = await startPgBouncer(server.port, { mode: 'transaction', poolSize: 1 })
    const pools = [1, 2].map(() => new Pool({ connectionString: bouncer.url, max: 1 }))
    const [first, second] = pools.map((pool) => createPostgresInbox({ pool }))
    if (!first || !second) throw new Error('Two pools were made')
    const observer = new Pool({ connectionString: server.url, max: 1 })
    await ensureSchema(observer)

    const prepared = { name: 'mine', text: 'select $1::int', values: [1] }
    expect(await first.once(newDelivery(), async (tx) => void (await tx.query(prepared)))).toBe('processed')
    const delivery = newDelivery()
    const attempt = settled(second.once(delivery, async (tx) => void (await tx.query(prepared))))
    // Another client has prepared it on the one connection to the server.
    expect(await attempt).toMatchObject({ status: 'rejected', reason: { code: '42P05' } })
    expect(await readDelivery(observer, delivery.eventId)).toMatchObject({
      status: 'failed',
      lastError: { message: expect.stringContaining('already exists') },
    })
    expect(await second.once(delivery, async (tx) => void (await tx.query('select 1')))).toBe('processed')

    await Promise.all([...pools, observer].map((pool) => pool.end()))
    await bouncer.close()
    await server.close()
  })
})
