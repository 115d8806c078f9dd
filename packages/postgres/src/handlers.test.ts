import { PGlite, type Transaction } from '@electric-sql/pglite'
import { HandlerFault, type InboxDelivery } from '@kinde-billing/core/receiver'
import { newDelivery } from '@kinde-billing/testing/inbox-contract/attempts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPostgresInbox, ensureSchema, readDelivery } from './index.js'

let pglite: PGlite
beforeAll(async () => {
  pglite = await PGlite.create()
  await ensureSchema(pglite)
  await pglite.exec(`
    create table effects (event_id text);
    create role app; grant all on effects to app;
    create schema elsewhere;
    create table customers (id text primary key);
    create table invoices (customer text references customers deferrable initially deferred);
  `)
})
beforeEach(async () => {
  await pglite.exec('truncate effects')
})
afterAll(() => pglite.close())

const once = (delivery: InboxDelivery, work: (tx: Transaction) => Promise<unknown>) =>
  createPostgresInbox({ pool: pglite }).once(delivery, async (tx) => void (await work(tx)))

const effects = async (): Promise<number> => (await pglite.query('select from effects')).rows.length

const setting = async (name: string): Promise<unknown> =>
  (await pglite.query<{ value: string }>('select current_setting($1) as value', [name])).rows[0]?.value

describe('a handler', () => {
  it.each([
    'set local role app',
    'set role app',
    'set local search_path to elsewhere',
    'set search_path to elsewhere',
    "select set_config('search_path', '', false)",
    "set local statement_timeout to '1min'",
    'set constraints all immediate',
  ])('is marked after: %s', async (statement) => {
    const before = [await setting('role'), await setting('search_path')]
    const delivery = newDelivery()
    await once(delivery, async (tx) => {
      await tx.query(statement)
      await tx.query('insert into public.effects values ($1)', [delivery.eventId])
    })
    expect([await setting('role'), await setting('search_path')]).toEqual(before)
    expect((await readDelivery(pglite, delivery.eventId))?.status).toBe('done')
    expect(await effects()).toBe(1)
  })

  it.each([
    ["insert into invoices values ('missing')", /23503.*deferred constraint/],
    ['drop table kinde_billing_deliveries', /42P01/],
  ])('is at fault for what fails at the end of its transaction: %s', async (statement, message) => {
    const delivery = newDelivery()
    const attempt = once(delivery, (tx) => tx.query(statement))
    await expect(attempt).rejects.toBeInstanceOf(HandlerFault)
    await expect(once(delivery, (tx) => tx.query(statement))).rejects.toThrow(message)
    expect(await readDelivery(pglite, delivery.eventId)).toMatchObject({
      status: 'failed',
      failures: 2,
      lastError: { code: 'handler_failed' },
    })
    expect(await once(delivery, async () => {})).toBe('processed')
  })

  it('is marked even if its row was deleted meanwhile', async () => {
    const delivery = newDelivery()
    await once(delivery, (tx) => tx.query('delete from kinde_billing_deliveries where key = $1', [delivery.key]))
    expect(await readDelivery(pglite, delivery.eventId)).toMatchObject({ status: 'done', type: delivery.type })
    expect(await once(delivery, async () => {})).toBe('duplicate')
  })

  it('is undone if another statement has marked its row meanwhile', async () => {
    const delivery = newDelivery()
    const attempt = once(delivery, async (tx) => {
      await tx.query('insert into effects values ($1)', [delivery.eventId])
      await tx.query('update kinde_billing_deliveries set done_at = now() where key = $1', [delivery.key])
    })
    await expect(attempt).rejects.toThrow('The delivery cannot be marked')
    expect(await effects()).toBe(0)
  })
})

describe('BEGIN and COMMIT on delivery.tx', () => {
  const insert = (tx: Transaction) => tx.query("insert into effects values ('one')")

  it.each([
    ['begin', 'commit', 1],
    ['BEGIN;', 'COMMIT;', 1],
    ['begin work', 'end work', 1],
    ['start transaction', 'commit transaction', 1],
    ['begin isolation level read committed', 'commit', 1],
    ['start transaction isolation level read committed, read write', 'commit', 1],
    ['/* traced */ begin /* traced */', ' commit /* traced */', 1],
    ['begin', 'rollback', 0],
    ['begin transaction', 'ROLLBACK TRANSACTION;', 0],
    ['begin', 'abort', 0],
  ])('are a part of the transaction: %s … %s', async (begin, end, count) => {
    const delivery = newDelivery()
    await once(delivery, async (tx) => {
      await tx.query(begin)
      await insert(tx)
      await tx.query(end)
    })
    expect(await effects()).toBe(count)
    expect((await readDelivery(pglite, delivery.eventId))?.status).toBe('done')
  })

  it('are undone with everything else if the handler throws later', async () => {
    const attempt = once(newDelivery(), async (tx) => {
      await tx.query('begin')
      await insert(tx)
      await tx.query('commit')
      throw new Error('later')
    })
    await expect(attempt).rejects.toThrow('later')
    expect(await effects()).toBe(0)
  })

  it('nest, and recover from an error', async () => {
    await once(newDelivery(), async (tx) => {
      await tx.query('begin')
      await insert(tx)
      await tx.query('begin')
      await tx.query('select 1 / 0').catch(() => {})
      await tx.query('rollback')
      await insert(tx)
      await tx.query('commit')
      await expect(async () => tx.query('commit')).rejects.toThrow("is the inbox's")
    })
    expect(await effects()).toBe(2)
  })
})
