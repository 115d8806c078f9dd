import { PGlite } from '@electric-sql/pglite'
import { describeInbox } from '@kinde-billing/testing/inbox-contract'
import { createPostgresInbox, ensureSchema, eraseClaims, readDelivery, redeliver, requestRedelivery } from './index.js'

const pglite = new PGlite()

describeInbox(
  'a Postgres inbox on PGlite',
  async () => {
    await ensureSchema(pglite)
    await pglite.exec('create table effects (value text)')
    const inbox = createPostgresInbox({ pool: pglite })
    return { inbox, other: createPostgresInbox({ pool: pglite }), close: () => pglite.close() }
  },
  {
    writes: {
      async write(tx, value) {
        await tx.query('insert into effects values ($1)', [value])
      },
      async committed() {
        const { rows } = await pglite.query<{ value: string }>('select value from effects')
        return rows.map(({ value }) => value)
      },
    },
    redeliveries: {
      keptClaims: async (eventId) => (await readDelivery(pglite, eventId))?.claims,
      request: (eventIds, reason) => requestRedelivery(pglite, { eventIds }, { reason }),
      redeliver: (receiver) => redeliver(pglite, receiver, { context: () => undefined }),
      erase: (customer) => eraseClaims(pglite, { customer }),
    },
  },
)
