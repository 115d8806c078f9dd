import { isInstalled } from '@kinde-billing/test-support/installed'
import { newDelivery, settled } from '@kinde-billing/testing/inbox-contract/attempts'
import { sql as drizzleSql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { pgTable, text } from 'drizzle-orm/pg-core'
import { Kysely, PostgresDialect } from 'kysely'
import { Pool, type PoolClient } from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { createPostgresInbox } from '../src/index.js'
import { usePostgres } from './use-postgres.js'

const effectsTable = pgTable('effects', { value: text('value') })
interface Tables {
  effects: { value: string }
}

describe.runIf(isInstalled('postgres'))('transactions of query builders on delivery.tx', () => {
  const postgres = usePostgres('create table effects (value text unique)')

  beforeEach(async () => {
    await postgres.observer.query('truncate effects')
  })

  const once = (work: (tx: PoolClient) => Promise<unknown>) =>
    createPostgresInbox({ pool: postgres.observer }).once(newDelivery(), async (tx) => void (await work(tx)))

  async function effects(): Promise<string[]> {
    const { rows } = await postgres.observer.query<{ value: string }>('select value from effects order by value')
    return rows.map(({ value }) => value)
  }

  /** One part that commits, one nested part that fails and is caught, and one that is rolled back. */
  const builders: [string, (tx: PoolClient) => Promise<unknown>][] = [
    [
      'Drizzle',
      async (tx) => {
        const db = drizzle(tx)
        await db.transaction(async (outer) => {
          await outer.insert(effectsTable).values({ value: 'committed' })
          await settled(
            outer.transaction(async (inner) => {
              await inner.insert(effectsTable).values({ value: 'nested' })
              await inner.execute(drizzleSql`select 1 / 0`)
            }),
          )
        })
        await settled(
          db.transaction(async (outer) => {
            await outer.insert(effectsTable).values({ value: 'undone' })
            outer.rollback()
          }),
        )
      },
    ],
    [
      'Kysely',
      async (tx) => {
        const oneClient = { connect: async () => tx, end: async () => {} }
        const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: oneClient }) })
        await db.transaction().execute(async (outer) => {
          await outer.insertInto('effects').values({ value: 'committed' }).execute()
        })
        await settled(
          db.transaction().execute(async (outer) => {
            await outer.insertInto('effects').values({ value: 'undone' }).execute()
            await outer.insertInto('effects').values({ value: 'undone' }).execute()
          }),
        )
      },
    ],
  ]

  it.each(builders)('of %s commit with the mark', async (_, work) => {
    expect(await once(work)).toBe('processed')
    expect(await effects()).toEqual(['committed'])
  })

  it.each(builders)('of %s are undone if the handler throws later', async (_, work) => {
    const attempt = once(async (tx) => {
      await work(tx)
      throw new Error('later')
    })
    await expect(attempt).rejects.toThrow('later')
    expect(await effects()).toEqual([])
  })

  it('restores what a handler set for its session', async () => {
    await postgres.observer.query('create role app; grant all on effects to app')
    const single = new Pool({ connectionString: postgres.server.url, max: 1 })
    const inbox = createPostgresInbox({ pool: single })
    await inbox.once(newDelivery(), async (tx) => {
      await tx.query("set role app; set search_path to nowhere; insert into public.effects values ('as app')")
    })
    const { rows } = await single.query("select current_user as role, current_setting('search_path') as path")
    expect(rows).toEqual([{ role: 'postgres', path: '"$user", public' }])
    expect(await inbox.once(newDelivery(), async () => {})).toBe('processed')
    await single.end()
  })
})
