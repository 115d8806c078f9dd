import { isInstalled } from '@kinde-billing/test-support/installed'
import { newDelivery, nothing } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool, type PoolClient } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPostgresInbox, ensureSchema, readDelivery } from '../src/index.js'
import { usePostgres } from './use-postgres.js'

describe.runIf(isInstalled('postgres'))("a Postgres inbox's prepared statements", () => {
  const postgres = usePostgres()
  let pool: Pool
  beforeEach(() => {
    pool = new Pool({ connectionString: postgres.server.url, max: 1 })
  })
  afterEach(() => pool.end())

  const findPrepared = async (client: Pool | PoolClient): Promise<string[]> => {
    const { rows } = await client.query<{ name: string }>('select name from pg_prepared_statements order by name')
    return rows.map(({ name }) => name.replace(/_[0-9a-f]{16}$/, ''))
  }
  const names = ['arrival', 'claim', 'mark', 'read', 'restore'].map((name) => `kinde_billing_${name}`)

  it('are made when a connection is used again', async () => {
    const inbox = createPostgresInbox({ pool })
    await inbox.once(newDelivery(), async (tx) => expect(await findPrepared(tx)).toEqual([]))
    await inbox.once(newDelivery(), async (tx) => expect(await findPrepared(tx)).toEqual(names))
    expect(await inbox.once(newDelivery(), nothing)).toBe('processed')
  })

  it('are those of each inbox on the pool', async () => {
    const [failed, all] = (['failed', 'all'] as const).map((keepClaims) => createPostgresInbox({ pool, keepClaims }))
    if (!failed || !all) throw new Error('Two inboxes were made')
    const kept = newDelivery({ claims: { data: 'kept' } })
    const removed = newDelivery({ claims: { data: 'removed' } })
    for (let run = 0; run < 3; run += 1) {
      await failed.once(newDelivery(), nothing)
      await all.once(newDelivery(), nothing)
    }
    await failed.once(removed, nothing)
    await all.once(kept, nothing)
    expect((await readDelivery(pool, kept.eventId))?.claims).toEqual({ data: 'kept' })
    expect((await readDelivery(pool, removed.eventId))?.claims).toBeUndefined()
    // The mark differs, and nothing else.
    expect(await findPrepared(pool)).toEqual([...names, 'kinde_billing_mark'].sort())
    const { rows } = await pool.query(
      "select sum(generic_plans + custom_plans)::int as calls from pg_prepared_statements where name like 'kinde_billing_mark_%' group by name",
    )
    // Each called its own after the first use of the connection, that of the first inbox.
    expect(rows).toEqual([{ calls: expect.any(Number) }, { calls: expect.any(Number) }])
    expect(Math.min(...rows.map(({ calls }) => calls))).toBeGreaterThan(2)
  })

  it('go on through a change of the table, and a new table in its place', async () => {
    const table = 'changing'
    await ensureSchema(postgres.observer, { table })
    const inbox = createPostgresInbox({ pool, table })
    for (let run = 0; run < 8; run += 1) await inbox.once(newDelivery(), nothing)
    await postgres.observer.query('alter table changing add column note text default 1, drop column redelivery_reason')
    expect(await inbox.once(newDelivery(), nothing)).toBe('processed')
    await postgres.observer.query('drop table changing')
    await expect(inbox.once(newDelivery(), nothing)).rejects.toThrow('does not exist. Call ensureSchema(pool)')
    await ensureSchema(postgres.observer, { table })
    const delivery = newDelivery()
    expect(await inbox.once(delivery, nothing)).toBe('processed')
    expect(await inbox.once(delivery, nothing)).toBe('duplicate')
  })

  it('are made once, however many inboxes are created on the pool', async () => {
    for (let run = 0; run < 5; run += 1)
      expect(await createPostgresInbox({ pool }).once(newDelivery(), nothing)).toBe('processed')
    expect(await findPrepared(pool)).toEqual(names)
    const { rows } = await pool.query(
      "select (generic_plans + custom_plans)::int as calls from pg_prepared_statements where name like 'kinde_billing_mark_%'",
    )
    expect(rows).toEqual([{ calls: 4 }])
  })

  it('are done without once the application has discarded them', async () => {
    const inbox = createPostgresInbox({ pool })
    for (let run = 0; run < 3; run += 1) await inbox.once(newDelivery(), nothing)
    await pool.query('discard all')
    const delivery = newDelivery()
    expect(await inbox.once(delivery, nothing)).toBe('processed')
    expect(await inbox.once(delivery, nothing)).toBe('duplicate')
    expect(await readDelivery(pool, delivery.eventId)).toMatchObject({ status: 'done', attempts: 2 })
    expect(await findPrepared(pool)).toEqual([])
  })

  it('are done without if another client has made them on the same connection', async () => {
    // A pooler gives one connection to the server to several clients in turn.
    const inboxes = [1, 2].map(() => {
      let current: PoolClient | undefined
      const client = {
        query: async (text: string, values?: unknown[]) => (await current?.query(text, values)) ?? { rows: [] },
        release: () => current?.release(),
      }
      const connect = async () => {
        current = await pool.connect()
        return client
      }
      return createPostgresInbox({ pool: { connect } })
    })
    for (let run = 0; run < 4; run += 1)
      for (const inbox of inboxes) expect(await inbox.once(newDelivery(), nothing)).toBe('processed')
  })

  it('fail a handler that discards them, with the reason, and not its next attempt', async () => {
    const inbox = createPostgresInbox({ pool })
    for (let run = 0; run < 3; run += 1) await inbox.once(newDelivery(), nothing)
    const delivery = newDelivery()
    const discard = (tx: PoolClient) => tx.query('deallocate all').then(() => {})
    await expect(inbox.once(delivery, discard)).rejects.toMatchObject({
      message: expect.stringContaining('DEALLOCATE ALL'),
    })
    expect(await readDelivery(pool, delivery.eventId)).toMatchObject({ status: 'failed', attempts: 1, failures: 1 })
    expect(await inbox.once(delivery, discard)).toBe('processed')
  })

  it('never read the whole table, though it was small when they were planned', async () => {
    await postgres.observer.query('vacuum analyze kinde_billing_deliveries')
    const inbox = createPostgresInbox({ pool })
    // The sixth use makes the plan that stays.
    for (let run = 0; run < 10; run += 1) await inbox.once(newDelivery(), nothing)
    const { rows } = await pool.query<{ name: string }>(
      "select name from pg_prepared_statements where name like 'kinde_billing_read_%'",
    )
    const plan = await pool.query<{ 'QUERY PLAN': string }>(`explain execute ${rows[0]?.name}('key')`)
    expect(plan.rows[0]?.['QUERY PLAN']).toContain('Index Scan')
  })

  it.each(['on', 'off'])('leave enable_seqscan to the application, which has it %s', async (setting) => {
    const pool = new Pool({
      connectionString: postgres.server.url,
      max: 1,
      options: `-c enable_seqscan=${setting}`,
    })
    const inbox = createPostgresInbox({ pool })
    for (let run = 0; run < 3; run += 1) {
      await inbox.once(newDelivery(), async (tx) => {
        expect((await tx.query('show enable_seqscan')).rows).toEqual([{ enable_seqscan: setting }])
      })
      expect((await pool.query('show enable_seqscan')).rows).toEqual([{ enable_seqscan: setting }])
    }
    await pool.end()
  })
})
