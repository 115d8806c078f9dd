import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { describeInbox } from '@kinde-billing/testing/inbox-contract'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'
import {
  createPostgresInbox,
  ensureSchema,
  eraseClaims,
  readDelivery,
  redeliver,
  requestRedelivery,
} from '../src/index.js'

describe.runIf(isInstalled('postgres'))('on a real Postgres', () => {
  let server: PostgresServer
  let observer: Pool
  beforeAll(async () => {
    server = await startPostgres()
    observer = new Pool({ connectionString: server.url, max: 1 })
    await observer.query('create table effects (value text)')
  })
  afterAll(async () => {
    await observer.end()
    await server.close()
  })

  describeInbox(
    'a Postgres inbox',
    async () => {
      const pools = [new Pool({ connectionString: server.url }), new Pool({ connectionString: server.url })] as const
      await Promise.all(pools.map((pool) => ensureSchema(pool)))
      return {
        inbox: createPostgresInbox({ pool: pools[0] }),
        other: createPostgresInbox({ pool: pools[1] }),
        close: async () => {
          await Promise.all(pools.map((pool) => pool.end()))
        },
      }
    },
    {
      writes: {
        async write(tx, value) {
          await tx.query('insert into effects values ($1)', [value])
        },
        async committed() {
          const { rows } = await observer.query<{ value: string }>('select value from effects')
          return rows.map(({ value }) => value)
        },
      },
      redeliveries: {
        keptClaims: async (eventId) => (await readDelivery(observer, eventId))?.claims,
        request: (eventIds, reason) => requestRedelivery(observer, { eventIds }, { reason }),
        redeliver: (receiver) => redeliver(observer, receiver, { context: () => undefined }),
        erase: (customer) => eraseClaims(observer, { customer }),
      },
    },
  )
})
