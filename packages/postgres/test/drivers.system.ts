import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { describeInbox } from '@kinde-billing/testing/inbox-contract'
import { newDelivery } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool as NeonPool, neonConfig } from '@neondatabase/serverless'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createPostgresInbox, ensureSchema } from '../src/index.js'
import { startNeonProxy } from './neon-proxy.js'

describe.runIf(isInstalled('postgres'))('drivers other than pg', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server?.close())

  async function openNeon() {
    const proxy = await startNeonProxy(server.port)
    Object.assign(neonConfig, {
      webSocketConstructor: WebSocket,
      wsProxy: () => proxy.address,
      useSecureWebSocket: false,
      pipelineConnect: false,
      pipelineTLS: false,
    })
    const pool = new NeonPool({ connectionString: server.url })
    pool.on('error', () => {})
    await ensureSchema(pool)
    return {
      pool,
      async close() {
        await pool.end()
        await proxy.close()
      },
    }
  }

  describeInbox("a Postgres inbox on Neon's serverless pool", async () => {
    const { pool, close } = await openNeon()
    return { inbox: createPostgresInbox({ pool }), other: createPostgresInbox({ pool }), close }
  })

  it("commits the writes of a handler through Neon's client", async () => {
    const { pool, close } = await openNeon()
    await pool.query('create table effects (value text)')
    const inbox = createPostgresInbox({ pool })
    await inbox.once(newDelivery(), async (tx) => void (await tx.query("insert into effects values ('kept')")))
    const failing = inbox.once(newDelivery(), async (tx) => {
      await tx.query("insert into effects values ('undone')")
      throw new Error('later')
    })
    await expect(failing).rejects.toThrow('later')
    expect((await pool.query('select value from effects')).rows).toEqual([{ value: 'kept' }])
    await close()
  })

  it('refuses a client of postgres.js, and names the way', async () => {
    const sql = postgres(server.url)
    // @ts-expect-error: not a pool
    expect(() => createPostgresInbox({ pool: sql })).toThrow(
      'pool: this is a client of "postgres" (Postgres.js), which cannot close one of its connections. Pass a Pool of "pg" on the same database',
    )
    await sql.end()
  })
})
