import { readFileSync } from 'node:fs'
import { PGlite } from '@electric-sql/pglite'
import { KindeWebhookError } from '@kinde-billing/core'
import { newDelivery } from '@kinde-billing/testing/inbox-contract/attempts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createPostgresInbox,
  ensureSchema,
  inboxHealth,
  listDeliveries,
  readDelivery,
  redeliver,
  requestRedelivery,
  SCHEMA_VERSION,
  schemaSql,
  sweepDeliveries,
} from './index.js'

const INDEXES = ['claims', 'customer', 'expires_at', 'first_seen_at', 'open', 'pkey', 'redelivery']

let pglite: PGlite
beforeAll(async () => {
  pglite = await PGlite.create()
})
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

  it.each(['known', 'event', 'endpoint', 'held', 'open', 'oldest', 'success', 'due', 'marked'])(
    'may have the name %s, which statements use within themselves',
    async (table) => {
      await ensureSchema(pglite, { table })
      const inbox = createPostgresInbox({ pool: pglite, table })
      const failed = newDelivery()
      expect(await inbox.once(newDelivery(), async () => {})).toBe('processed')
      await expect(inbox.once(failed, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
      expect(await readDelivery(pglite, failed.eventId, { table })).toMatchObject({ status: 'failed' })
      const ids = { eventIds: [failed.eventId] }
      expect(await requestRedelivery(pglite, ids, { reason: 'again', table })).toBe(1)
      const { deliveries } = await listDeliveries(pglite, { status: 'to_redeliver', table })
      expect(deliveries).toHaveLength(1)
      expect(await inboxHealth(pglite, { table })).toMatchObject({ failing: 1, toRedeliver: 1 })
      const receiver = { name: 'billing', redeliver: async () => ({ outcome: 'processed' as const }) }
      expect(await redeliver(pglite, receiver, { limit: 1, table })).toEqual({ processed: 1 })
    },
  )

  it.each(['order', 'user.deliveries'])('names a word that SQL reserves: %s', async (table) => {
    await expect(ensureSchema(pglite, { table })).rejects.toThrow('a word that SQL reserves')
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
  const page = readFileSync(new URL('../../../docs/inbox-table.md', import.meta.url), 'utf8')
  const statements = [...page.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, statement = '']) => statement)
  expect(statements.length).toBeGreaterThan(4)
  for (const statement of statements) await pglite.exec(statement)
})

describe('an older table', () => {
  const [versionOne = ''] = schemaSql({ table: 'older' }).split('-- Version 2')

  it('is brought up to date, and then is the same as a new one', async () => {
    await pglite.exec(versionOne)
    await pglite.exec(`insert into older (key, event_id, type, occurred_at, done_at, expires_at)
      values ('https://acme.kinde.com billing e', 'e', 't', now(), now(), now() + interval '1 day')`)
    await ensureSchema(pglite, { table: 'older' })
    await ensureSchema(pglite, { table: 'newer' })
    expect(await columnsOf('older')).toEqual(await columnsOf('newer'))
    expect(await indexesOf('older')).toEqual(INDEXES.map((index) => `older_${index}`))
    const inbox = createPostgresInbox({ pool: pglite, table: 'older' })
    const delivery = newDelivery({ key: 'https://acme.kinde.com billing e', eventId: 'e' })
    expect(await inbox.once(delivery, async () => {})).toBe('duplicate')
  })

  it('is brought up to date by the SQL for migrations, from its version on', async () => {
    await pglite.exec(versionOne.replaceAll('older', 'migrated'))
    await pglite.exec(schemaSql({ table: 'migrated', from: 1 }))
    expect(await columnsOf('migrated')).toEqual(await columnsOf('newer'))
    expect(schemaSql({ from: SCHEMA_VERSION })).toBe('')
    expect(() => schemaSql({ from: 3 })).toThrow('from is 3: pass a whole number from 0 to 2')
  })

  it('is named, with the fix, if it was not brought up to date', async () => {
    await pglite.exec(versionOne.replaceAll('older', 'forgotten'))
    const inbox = createPostgresInbox({ pool: pglite, table: 'forgotten' })
    await expect(inbox.once(newDelivery(), async () => {})).rejects.toThrow(
      'table forgotten is of an older version. Call ensureSchema(pool)',
    )
  })

  it('may still be written by an older release, and the sweep removes the claims that its mark leaves', async () => {
    const delivery = newDelivery()
    const inbox = createPostgresInbox({ pool: pglite })
    await inbox.once(delivery, () => Promise.reject(new Error('no'))).catch(() => {})
    // The statements of version 1.
    await pglite.query(
      `insert into kinde_billing_deliveries as known (key, event_id, type, occurred_at, expires_at)
       select $1, $2, $3, now(), now() + interval '7 days'
       on conflict (key) do update set attempts = known.attempts + 1, last_attempt_at = now(),
         expires_at = case when known.expires_at > now() and known.done_at is not null then known.expires_at else excluded.expires_at end`,
      [delivery.key, delivery.eventId, delivery.type],
    )
    await pglite.query(
      `update kinde_billing_deliveries set done_at = clock_timestamp(), discarded = false,
         expires_at = clock_timestamp() + interval '7 days' where key = $1 and done_at is null`,
      [delivery.key],
    )
    expect((await readDelivery(pglite, delivery.eventId))?.claims).toEqual(delivery.claims)
    await sweepDeliveries(pglite)
    expect(await readDelivery(pglite, delivery.eventId)).toMatchObject({ status: 'done', claims: undefined })
    await pglite.exec('truncate kinde_billing_deliveries')
  })
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

async function columnsOf(table: string): Promise<unknown[]> {
  const { rows } = await pglite.query(
    `select column_name, data_type, is_nullable, column_default, collation_name
     from information_schema.columns where table_name = $1 order by column_name`,
    [table],
  )
  return rows
}

async function indexesOf(table: string): Promise<string[]> {
  const { rows } = await pglite.query<{ name: string }>(
    'select indexname as name from pg_indexes where tablename = $1 order by 1',
    [table],
  )
  return rows.map(({ name }) => name)
}
