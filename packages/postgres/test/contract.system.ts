import { describeLedger } from '@kinde-billing/testing/ledger-contract'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'
import { isInstalled } from '../../../test/stores/installed.js'
import { type PostgresServer, startPostgres } from '../../../test/stores/postgres-server.js'
import { createPostgresLedger, ensureSchema } from '../src/index.js'

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

  describeLedger(
    'a Postgres ledger',
    async () => {
      const pools = [new Pool({ connectionString: server.url }), new Pool({ connectionString: server.url })] as const
      await Promise.all(pools.map((pool) => ensureSchema(pool)))
      return {
        ledger: createPostgresLedger({ pool: pools[0] }),
        other: createPostgresLedger({ pool: pools[1] }),
        close: async () => {
          await Promise.all(pools.map((pool) => pool.end()))
        },
      }
    },
    {
      async write(scope, value) {
        await scope.query('insert into effects values ($1)', [value])
      },
      async committed() {
        const { rows } = await observer.query<{ value: string }>('select value from effects')
        return rows.map(({ value }) => value)
      },
    },
  )
})
