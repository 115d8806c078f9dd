import { isInstalled } from '@kinde-billing/test-support/installed'
import { describeInbox } from '@kinde-billing/testing/inbox-contract'
import { Pool } from 'pg'
import { describe } from 'vitest'
import {
  createPostgresInbox,
  ensureSchema,
  eraseClaims,
  readDelivery,
  redeliver,
  requestRedelivery,
} from '../src/index.js'
import { usePostgres } from './use-postgres.js'

describe.runIf(isInstalled('postgres'))('on a real Postgres', () => {
  const postgres = usePostgres()

  describeInbox(
    'a Postgres inbox',
    async () => {
      const pools = [
        new Pool({ connectionString: postgres.server.url }),
        new Pool({ connectionString: postgres.server.url }),
      ] as const
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
          const { rows } = await postgres.observer.query<{ value: string }>('select value from effects')
          return rows.map(({ value }) => value)
        },
      },
      redeliveries: {
        keptClaims: async (eventId) => (await readDelivery(postgres.observer, eventId))?.claims,
        request: (eventIds, reason) => requestRedelivery(postgres.observer, { eventIds }, { reason }),
        redeliver: (receiver) => redeliver(postgres.observer, receiver, { context: () => undefined }),
        erase: (customer) => eraseClaims(postgres.observer, { customer }),
      },
    },
  )
})
