import { PGlite, type Transaction } from '@electric-sql/pglite'
import { DiscardEvent, type InboxDelivery } from '@kinde-billing/core/receiver'
import { newDelivery } from '@kinde-billing/testing/inbox-contract/attempts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPostgresInbox, ensureSchema } from './index.js'

let pglite: PGlite
beforeAll(async () => {
  pglite = await PGlite.create()
  await ensureSchema(pglite)
  await pglite.exec('create table effects (event_id text)')
})
afterAll(() => pglite.close())

function once(delivery: InboxDelivery, work: (tx: Transaction, signal: AbortSignal) => Promise<unknown>) {
  return createPostgresInbox({ pool: pglite }).once(delivery, async (tx, signal) => void (await work(tx, signal)))
}

interface Row {
  attempts: number
  done: boolean
  discarded: boolean
}

async function rowOf({ key }: InboxDelivery): Promise<Row | undefined> {
  const { rows } = await pglite.query<Row>(
    'select attempts, done_at is not null as done, discarded from kinde_billing_deliveries where key = $1',
    [key],
  )
  return rows[0]
}

async function effectsOf({ eventId }: InboxDelivery): Promise<number> {
  const { rows } = await pglite.query('select from effects where event_id = $1', [eventId])
  return rows.length
}

const takeEffect = (tx: Transaction, { eventId }: InboxDelivery) =>
  tx.query('insert into effects values ($1)', [eventId])

describe('what an operator can ask', () => {
  it('records an arrival before the handler runs, and keeps it if that fails', async () => {
    const delivery = newDelivery()
    const failing = () => once(delivery, () => Promise.reject(new Error('no')))
    await expect(failing()).rejects.toThrow('no')
    expect(await rowOf(delivery)).toEqual({ attempts: 1, done: false, discarded: false })
    await expect(failing()).rejects.toThrow('no')
    await once(delivery, async () => {})
    await once(delivery, async () => {})
    expect(await rowOf(delivery)).toEqual({ attempts: 4, done: true, discarded: false })
  })

  it('records type and time of the event, at the ends of the calendar too', async () => {
    const first = newDelivery({ occurredAt: new Date('0000-01-01T00:00:00Z') })
    const last = newDelivery({ occurredAt: new Date('9999-12-31T23:59:59.999Z') })
    for (const delivery of [first, last]) await once(delivery, async () => {})
    const { rows } = await pglite.query(
      `select event_id, type, extract(epoch from occurred_at)::float8 * 1000 as at, first_seen_at <= last_attempt_at as ordered
       from kinde_billing_deliveries where key in ($1, $2) order by occurred_at`,
      [first.key, last.key],
    )
    expect(rows).toEqual(
      [first, last].map(({ eventId, type, occurredAt }) => ({
        event_id: eventId,
        type,
        at: occurredAt.getTime(),
        ordered: true,
      })),
    )
  })

  it('marks a discarded event as such', async () => {
    const delivery = newDelivery()
    await once(delivery, () => Promise.reject(new DiscardEvent('no such plan')))
    expect(await rowOf(delivery)).toEqual({ attempts: 1, done: true, discarded: true })
  })

  it('handles an event again whose mark has expired, as if it were new', async () => {
    const delivery = newDelivery({ retentionMs: 0 })
    await once(delivery, () => Promise.reject(new DiscardEvent('no such plan')))
    await once({ ...delivery, retentionMs: 60_000 }, (tx) => takeEffect(tx, delivery))
    expect(await rowOf(delivery)).toEqual({ attempts: 1, done: true, discarded: false })
    expect(await effectsOf(delivery)).toBe(1)
  })
})

describe('a handler that gets SQL wrong', () => {
  it('throws on the error of a statement that fails', async () => {
    const delivery = newDelivery()
    const attempt = once(delivery, async (tx) => {
      await takeEffect(tx, delivery)
      await tx.query('select * from no_such_table')
    })
    await expect(attempt).rejects.toMatchObject({ code: '42P01', message: expect.stringContaining('no_such_table') })
    expect(await effectsOf(delivery)).toBe(0)
    expect(await once(delivery, async () => {})).toBe('processed')
  })

  it('is not marked where it swallows the error: Postgres has undone everything', async () => {
    const delivery = newDelivery()
    const attempt = once(delivery, async (tx) => {
      await takeEffect(tx, delivery)
      await tx.query('select 1 / 0').catch(() => {})
    })
    await expect(attempt).rejects.toThrow('A statement of the handler failed')
    expect(await rowOf(delivery)).toMatchObject({ done: false })
    expect(await effectsOf(delivery)).toBe(0)
  })

  it('may recover with a savepoint of its own', async () => {
    const delivery = newDelivery()
    await once(delivery, async (tx) => {
      await tx.query('savepoint mine')
      await tx.query('select 1 / 0').catch(() => {})
      await tx.query('rollback to savepoint mine')
      await takeEffect(tx, delivery)
    })
    expect(await effectsOf(delivery)).toBe(1)
  })

  it('may discard the event after an error', async () => {
    const delivery = newDelivery()
    const outcome = once(delivery, async (tx) => {
      await takeEffect(tx, delivery)
      await tx.query('select 1 / 0').catch(() => Promise.reject(new DiscardEvent('no divisor')))
    })
    expect(await outcome).toBe('processed')
    expect(await rowOf(delivery)).toMatchObject({ done: true, discarded: true })
    expect(await effectsOf(delivery)).toBe(0)
  })
})

describe("the inbox's transaction", () => {
  it.each([
    'commit',
    ' COMMIT;',
    'rollback',
    'Rollback Work',
    'end',
    'abort',
    'commit and chain',
    'begin isolation level serializable',
    'begin; select 1',
    "prepare transaction 'x'",
  ])('is not for the handler to end, or to change: %s', async (statement) => {
    const delivery = newDelivery()
    const attempt = once(delivery, async (tx) => {
      await takeEffect(tx, delivery)
      await tx.query(statement)
    })
    await expect(attempt).rejects.toThrow("The transaction of delivery.tx is the inbox's")
    expect(await effectsOf(delivery)).toBe(0)
  })

  it('is not for the handler to roll back by a method', async () => {
    await expect(once(newDelivery(), (tx) => tx.rollback())).rejects.toThrow("is the inbox's")
  })

  it.each(['commit', 'rollback'])('is missed where the handler ended it all the same (%s)', async (statement) => {
    const delivery = newDelivery()
    const attempt = once(delivery, (tx) => tx.exec(`select 1; ${statement}`))
    await expect(attempt).rejects.toThrow("The handler has ended the inbox's transaction")
    expect(await rowOf(delivery)).toMatchObject({ done: false })
  })

  it.each(['rollback to savepoint mine', 'rollback work to mine', 'ROLLBACK TRANSACTION TO mine'])(
    'leaves savepoints to the handler: %s',
    async (statement) => {
      const delivery = newDelivery()
      await once(delivery, async (tx) => {
        await tx.query('savepoint mine')
        await takeEffect(tx, delivery)
        await tx.query(statement)
      })
      expect(await rowOf(delivery)).toMatchObject({ done: true })
      expect(await effectsOf(delivery)).toBe(0)
    },
  )

  it('is closed to what a handler does after its end', async () => {
    const delivery = newDelivery()
    let late = async (): Promise<unknown> => undefined
    await once(delivery, async (tx) => {
      late = async () => takeEffect(tx, delivery)
    })
    await expect(late()).rejects.toThrow('delivery.tx.query() was called after the handler had ended')
    expect(await effectsOf(delivery)).toBe(0)
  })
})

it('takes a lease that is longer than timers can be', async () => {
  const delivery = newDelivery({ leaseMs: 3 * 2 ** 31 })
  let limit: unknown
  await once(delivery, async (tx) => {
    limit = (await tx.query("select current_setting('statement_timeout') as value")).rows
  })
  expect(limit).toEqual([{ value: '2147483647ms' }])
})

describe('mistakes in the set-up', () => {
  it.each([undefined, null, {}, 'postgres://127.0.0.1'])('refuses a pool that is none: %j', (pool) => {
    expect(() => createPostgresInbox({ pool: pool as never })).toThrow('Pass a Pool of "pg"')
  })

  it('refuses a connect() that returns nothing, as that of a single Client', async () => {
    const pool = { connect: async () => undefined as never }
    await expect(ensureSchema(pool)).rejects.toMatchObject({ code: 'invalid_configuration' })
  })

  it('names a table that was never created', async () => {
    const inbox = createPostgresInbox({ pool: pglite, table: 'forgotten' })
    let ran = false
    const attempt = inbox.once(newDelivery(), async () => {
      ran = true
    })
    await expect(attempt).rejects.toThrow('table forgotten does not exist. Call ensureSchema(pool)')
    expect(ran).toBe(false)
  })
})
