import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { newDelivery, settled } from '@kinde-billing/testing/inbox-contract/attempts'
import { PrismaPg } from '@prisma/adapter-pg'
import createKnex, { type Knex } from 'knex'
import { Pool, type PoolClient } from 'pg'
import { DataSource, EntitySchema } from 'typeorm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPostgresInbox, ensureSchema } from '../src/index.js'

const Effect = new EntitySchema<{ value: string }>({
  name: 'effects',
  columns: { value: { type: 'text', primary: true } },
})

describe.runIf(isInstalled('postgres'))('transactions of query builders on delivery.tx', () => {
  let server: PostgresServer
  let pool: Pool
  let knex: Knex
  let dataSource: DataSource

  beforeAll(async () => {
    server = await startPostgres()
    pool = new Pool({ connectionString: server.url })
    knex = createKnex({ client: 'pg' })
    dataSource = new DataSource({ type: 'postgres', url: server.url, entities: [Effect] })
    await dataSource.initialize()
    await ensureSchema(pool)
    await pool.query('create table effects (value text primary key)')
  })
  beforeEach(async () => {
    await pool.query('truncate effects')
  })
  afterAll(async () => {
    await knex?.destroy()
    await dataSource?.destroy()
    await pool?.end()
    await server?.close()
  })

  const once = (work: (tx: PoolClient) => Promise<unknown>) =>
    createPostgresInbox({ pool }).once(newDelivery(), async (tx) => void (await work(tx)))

  async function effects(): Promise<string[]> {
    const { rows } = await pool.query<{ value: string }>('select value from effects order by value')
    return rows.map(({ value }) => value)
  }

  const typeormManager = (tx: PoolClient) => {
    const runner = dataSource.createQueryRunner()
    runner.connect = async () => tx
    return runner.manager
  }
  const prismaAdapter = (tx: PoolClient) =>
    new PrismaPg(Object.assign(new Pool(), { connect: async () => tx, query: tx.query })).connect()

  /** One part that commits, one nested part that fails and is caught, and one that is rolled back. */
  const builders: Record<string, (tx: PoolClient) => Promise<unknown>> = {
    async Knex(tx) {
      await knex.transaction(
        async (outer) => {
          await outer('effects').insert({ value: 'committed' })
          await settled(
            outer.transaction(async (inner) => {
              await inner('effects').insert({ value: 'nested' })
              await inner.raw('select 1 / 0')
            }),
          )
        },
        { connection: tx },
      )
      await settled(
        knex.transaction(
          async (outer) => {
            await outer('effects').insert({ value: 'undone' })
            throw new Error('undo')
          },
          { connection: tx },
        ),
      )
    },
    async TypeORM(tx) {
      const manager = typeormManager(tx)
      await manager.transaction(async (outer) => {
        await outer.insert(Effect, { value: 'committed' })
        await settled(
          outer.transaction(async (inner) => {
            await inner.insert(Effect, { value: 'nested' })
            await inner.query('select 1 / 0')
          }),
        )
      })
      await settled(
        manager.transaction(async (outer) => {
          await outer.insert(Effect, { value: 'undone' })
          throw new Error('undo')
        }),
      )
    },
    async "Prisma's pg adapter"(tx) {
      const adapter = await prismaAdapter(tx)
      const insert = (value: string) => ({
        sql: 'insert into effects (value) values ($1)',
        args: [value],
        argTypes: [{ scalarType: 'string' as const, arity: 'scalar' as const }],
      })
      const statement = (sql: string) => ({ sql, args: [], argTypes: [] })
      // Prisma's engine sends COMMIT and ROLLBACK through the transaction before it ends it.
      const first = await adapter.startTransaction()
      await first.executeRaw(insert('committed'))
      await first.createSavepoint?.('nested')
      await first.executeRaw(insert('nested'))
      await settled(first.executeRaw(statement('select 1 / 0')))
      await first.rollbackToSavepoint?.('nested')
      await first.executeRaw(statement('COMMIT'))
      await first.commit()
      const second = await adapter.startTransaction()
      await second.executeRaw(insert('undone'))
      await second.executeRaw(statement('ROLLBACK'))
      await second.rollback()
    },
  }

  it.each(Object.entries(builders))('of %s commit with the mark', async (_, work) => {
    expect(await once(work)).toBe('processed')
    expect(await effects()).toEqual(['committed'])
  })

  it.each(Object.entries(builders))('of %s are undone if the handler throws later', async (_, work) => {
    const attempt = once(async (tx) => {
      await work(tx)
      throw new Error('later')
    })
    await expect(attempt).rejects.toThrow('later')
    expect(await effects()).toEqual([])
  })

  const isolated: Record<string, (tx: PoolClient) => Promise<unknown>> = {
    Knex: (tx) => knex.transaction(async () => {}, { connection: tx, isolationLevel: 'serializable' }),
    TypeORM: (tx) => typeormManager(tx).transaction('SERIALIZABLE', async () => {}),
    "Prisma's pg adapter": async (tx) => (await prismaAdapter(tx)).startTransaction('SERIALIZABLE'),
  }

  it.each(Object.entries(isolated))('of %s at another isolation level fail, and undo everything', async (_, work) => {
    const attempt = once(async (tx) => {
      await tx.query("insert into effects values ('before')")
      await work(tx)
    })
    await expect(attempt).rejects.toThrow()
    expect(await effects()).toEqual([])
    // the connection is usable again
    expect(await once(async (tx) => tx.query("insert into effects values ('after')"))).toBe('processed')
    expect(await effects()).toEqual(['after'])
  })

  it('of every builder leave the client to the inbox', async () => {
    const single = new Pool({ connectionString: server.url, max: 1 })
    const inbox = createPostgresInbox({ pool: single })
    for (const work of Object.values(builders)) {
      await pool.query('truncate effects')
      expect(await inbox.once(newDelivery(), async (tx) => void (await work(tx)))).toBe('processed')
    }
    expect([single.totalCount, single.idleCount]).toEqual([1, 1])
    await single.end()
  })
})
