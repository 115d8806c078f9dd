import { readFileSync } from 'node:fs'
import { PGlite } from '@electric-sql/pglite'
import { KindeWebhookError } from '@kinde-billing/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPostgresInbox, ensureSchema, schemaSql, sweepDeliveries } from './index.js'

const INDEXES = ['claims', 'customer', 'expires_at', 'first_seen_at', 'open', 'pkey', 'redelivery']

let pglite: PGlite
beforeAll(async () => {
  pglite = await PGlite.create()
}, 60_000)
afterAll(() => pglite.close())

describe('the schema', () => {
  it('is the same as the SQL file to copy', () => {
    expect(readFileSync(new URL('../schema.sql', import.meta.url), 'utf8')).toBe(schemaSql())
  })

  it('is created once by any number of calls at once, and by its own SQL after that', async () => {
    await Promise.all([ensureSchema(pglite), ensureSchema(pglite), ensureSchema(pglite)])
    await ensureSchema(pglite)
    await pglite.exec(schemaSql())
    expect(await indexesOf('kinde_billing_deliveries')).toEqual(
      INDEXES.map((index) => `kinde_billing_deliveries_${index}`),
    )
  })

  it('takes another name, and creates the schema that it names', async () => {
    await ensureSchema(pglite, { table: 'billing.seen' })
    expect(await indexesOf('seen')).toEqual(INDEXES.map((index) => `seen_${index}`))
  })

  it('needs no right to create where the table is there', async () => {
    await pglite.exec('create role app; grant usage on schema public to app; set role app')
    await ensureSchema(pglite)
    await expect(ensureSchema(pglite, { table: 'another' })).rejects.toThrow(
      'may not create or alter the table another',
    )
    await pglite.exec('reset role')
  })

  it.each(['', 'Deliveries', 'a.b.c', 'x; drop table y', 'a"b', '1st', 'x'.repeat(49), 7])(
    'refuses %j as a name',
    async (table) => {
      const options = { table: table as string }
      for (const use of [() => createPostgresInbox({ pool: pglite, ...options }), () => schemaSql(options)])
        expect(use).toThrow(KindeWebhookError)
      await expect(ensureSchema(pglite, options)).rejects.toMatchObject({ code: 'invalid_configuration' })
      await expect(sweepDeliveries(pglite, options)).rejects.toMatchObject({ code: 'invalid_configuration' })
    },
  )
})

it('answers every question of the docs', async () => {
  await ensureSchema(pglite)
  const page = readFileSync(new URL('../../../docs/inboxes.md', import.meta.url), 'utf8')
  const statements = [...page.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, statement = '']) => statement)
  expect(statements.length).toBeGreaterThan(4)
  for (const statement of statements) await pglite.exec(statement)
})

describe('the sweep', () => {
  it('deletes what is no longer remembered, in batches, and nothing else', async () => {
    await ensureSchema(pglite)
    await pglite.exec(`
      insert into kinde_billing_deliveries (key, event_id, type, occurred_at, done_at, expires_at)
      select 'swept ' || n, 'e', 't', now(), case when n % 2 = 0 then now() end, now() - interval '1 second'
      from generate_series(1, 25) n;
      insert into kinde_billing_deliveries (key, event_id, type, occurred_at, expires_at)
      values ('kept', 'e', 't', now(), now() + interval '1 hour')`)
    expect(await sweepDeliveries(pglite, { batch: 10 })).toBe(25)
    expect(await sweepDeliveries(pglite)).toBe(0)
    const { rows } = await pglite.query('select key from kinde_billing_deliveries')
    expect(rows).toEqual([{ key: 'kept' }])
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses a batch of %d', async (batch) => {
    await expect(sweepDeliveries(pglite, { batch })).rejects.toMatchObject({ code: 'invalid_configuration' })
  })
})

async function indexesOf(table: string): Promise<string[]> {
  const { rows } = await pglite.query<{ name: string }>(
    'select indexname as name from pg_indexes where tablename = $1 order by 1',
    [table],
  )
  return rows.map(({ name }) => name)
}
