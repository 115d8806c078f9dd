import { PGlite } from '@electric-sql/pglite'
import { describeLedger } from '@kinde-billing/testing/ledger-contract'
import { createPostgresLedger, ensureSchema } from './index.js'

const pglite = new PGlite()

describeLedger(
  'a Postgres ledger on PGlite',
  async () => {
    await ensureSchema(pglite)
    await pglite.exec('create table effects (value text)')
    const ledger = createPostgresLedger({ pool: pglite })
    return { ledger, other: createPostgresLedger({ pool: pglite }), close: () => pglite.close() }
  },
  {
    async write(scope, value) {
      await scope.query('insert into effects values ($1)', [value])
    },
    async committed() {
      const { rows } = await pglite.query<{ value: string }>('select value from effects')
      return rows.map(({ value }) => value)
    },
  },
)
