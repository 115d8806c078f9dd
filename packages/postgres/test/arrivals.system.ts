import type { InboxDelivery } from '@kinde-billing/core/receiver'
import { startProxy } from '@kinde-billing/test-support/cuttable-proxy'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { latch, newDelivery, nothing, settled } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool, type PoolClient } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPostgresInbox } from '../src/index.js'
import { usePostgres } from './use-postgres.js'

describe.runIf(isInstalled('postgres'))('arrivals of the same moment', () => {
  const postgres = usePostgres('create table effects (event_id text)')
  let pool: Pool
  beforeEach(async () => {
    pool = await openPool(postgres.server.port, 20)
  })
  afterEach(() => pool.end())

  /** Its connections are open: deliveries of one turn of the event loop then arrive in the same message. */
  async function openPool(port: number, max: number): Promise<Pool> {
    const opened = new Pool({ host: '127.0.0.1', port, user: 'postgres', max }).on('error', () => {})
    const clients = await Promise.all(Array.from({ length: max }, () => opened.connect()))
    for (const client of clients) client.release()
    return opened
  }

  const takeEffect =
    ({ eventId }: InboxDelivery) =>
    async (tx: Pick<PoolClient, 'query'>) =>
      void (await tx.query('insert into effects values ($1)', [eventId]))

  /** Deliveries in the order of their keys, in which their message has them. */
  const newDeliveries = (count: number): InboxDelivery[] => {
    const run = crypto.randomUUID()
    return Array.from({ length: count }, (_, index) => newDelivery({ eventId: `${run}-${String(index).padStart(3)}` }))
  }

  async function countEffects(deliveries: readonly InboxDelivery[]): Promise<number[]> {
    const { rows } = await postgres.observer.query<{ count: number }>(
      `select count(event_id)::int as count from unnest($1::text[]) as delivery(id) left join effects on event_id = id
       group by id order by id`,
      [deliveries.map(({ eventId }) => eventId)],
    )
    return rows.map(({ count }) => count)
  }

  async function readAttempts(deliveries: readonly InboxDelivery[]): Promise<(number | undefined)[]> {
    const { rows } = await postgres.observer.query<{ key: string; attempts: number }>(
      'select key, attempts from kinde_billing_deliveries where key = any($1)',
      [deliveries.map(({ key }) => key)],
    )
    return deliveries.map((delivery) => rows.find(({ key }) => key === delivery.key)?.attempts)
  }

  /** A pool whose first connection is one of `first`, and whose others are direct ones. */
  function firstThrough(first: Pool) {
    let isFirst = true
    return {
      connect() {
        const chosen = isFirst ? first : pool
        isFirst = false
        return chosen.connect()
      },
    }
  }

  it.each([
    { count: 12, transactions: 1 },
    { count: 60, transactions: 3 },
  ])(
    'are committed in few transactions, before their handlers: $count in $transactions',
    async ({ count, transactions }) => {
      const deliveries = newDeliveries(count)
      // Handlers never hold the last connection.
      const large = await openPool(postgres.server.port, count + 1)
      const inbox = createPostgresInbox({ pool: large })
      const end = latch()
      let running = 0
      const attempts = deliveries.map((delivery) =>
        inbox.once(delivery, async () => {
          running += 1
          await end.opened
        }),
      )
      await expect.poll(() => running).toBe(count)
      const { rows } = await postgres.observer.query(
        'select count(distinct xmin::text)::int as transactions, count(*)::int as rows from kinde_billing_deliveries where key = any($1)',
        [deliveries.map(({ key }) => key)],
      )
      end.open()
      expect(new Set(await Promise.all(attempts))).toEqual(new Set(['processed']))
      expect(rows).toEqual([{ transactions, rows: count }])
      await large.end()
    },
  )

  it('keep text that an array could read otherwise', async () => {
    const run = crypto.randomUUID()
    const odd = [
      '"',
      '\\',
      '\\"',
      '{a,b}',
      'NULL',
      '',
      ' ',
      ',',
      "it's",
      '$1',
      "\\'",
      'é🦊',
      'line\nend',
      '\0',
      '\ud800',
    ]
    const deliveries = odd.map((text, index) => ({
      ...newDelivery({ eventId: `${run} ${index} ${text}` }),
      type: text,
    }))
    const inbox = createPostgresInbox({ pool })
    const outcomes = await Promise.all(deliveries.map((delivery) => inbox.once(delivery, nothing)))
    expect(outcomes).toEqual(odd.map(() => 'processed'))
    const { rows } = await postgres.observer.query<{ event_id: string; type: string }>(
      'select event_id, type from kinde_billing_deliveries where event_id like $1 and done_at is not null',
      [`${run} %`],
    )
    // Postgres has no U+0000 and no halves of surrogate pairs.
    const stored = [...odd.slice(0, -2), '\ufffd', '\ufffd']
    expect(rows.map(({ event_id, type }) => [event_id, type]).sort()).toEqual(
      stored.map((text, index) => [`${run} ${index} ${text}`, text]).sort(),
    )
  })

  it('take effect once each, however often each comes', async () => {
    const deliveries = newDeliveries(64)
    const inbox = createPostgresInbox({ pool })
    const attempts = [...deliveries, ...deliveries, ...deliveries].map((delivery) =>
      inbox.once(delivery, takeEffect(delivery)),
    )
    const outcomes = await Promise.all(attempts)
    expect(outcomes.filter((outcome) => outcome === 'processed')).toHaveLength(64)
    expect(await countEffects(deliveries)).toEqual(Array(64).fill(1))
    for (const count of await readAttempts(deliveries)) expect(count).toBeGreaterThanOrEqual(3)
  })

  it('end each in its own way: a locked row, an expired one, one that is done, a new one, and an odd one', async () => {
    const [locked, expired, done, fresh, odd] = newDeliveries(5)
    if (!locked || !expired || !done || !fresh || !odd) throw new Error('Five deliveries were made')
    const inbox = createPostgresInbox({ pool })
    for (const delivery of [locked, { ...expired, retentionMs: 0 }, done]) await inbox.once(delivery, nothing)
    const operator = await postgres.observer.connect()
    await operator.query('begin')
    await operator.query('select from kinde_billing_deliveries where key = $1 for update', [locked.key])
    const failing = settled(inbox.once({ ...odd, occurredAt: new Date(Number.NaN) }, nothing))
    const outcomes = await Promise.all([locked, expired, done, fresh].map((delivery) => inbox.once(delivery, nothing)))
    expect(await failing).toEqual({ status: 'rejected', reason: new TypeError('Not a finite number: NaN') })
    await operator.query('rollback')
    operator.release()
    expect(outcomes).toEqual(['in_progress', 'processed', 'duplicate', 'processed'])
    expect(await readAttempts([locked, expired, done, fresh])).toEqual([1, 1, 2, 1])
  })

  it('are recorded one by one if the connection of their message is cut', async () => {
    const proxy = await startProxy(postgres.server.port)
    const through = await openPool(proxy.port, 1)
    const [first, ...others] = newDeliveries(6)
    if (!first) throw new Error('Six deliveries were made')
    const inbox = createPostgresInbox({ pool: firstThrough(through) })
    proxy.mute()
    const attempts = [first, ...others].map((delivery) => settled(inbox.once(delivery, takeEffect(delivery))))
    // The server has committed the message, and its answer is lost.
    await expect.poll(() => readAttempts([first])).toEqual([1])
    proxy.cut()
    const [lost, ...outcomes] = await Promise.all(attempts)
    expect(lost?.status).toBe('rejected')
    expect(outcomes).toEqual(others.map(() => ({ status: 'fulfilled', value: 'processed' })))
    proxy.restore()
    expect(await createPostgresInbox({ pool }).once(first, takeEffect(first))).toBe('processed')
    expect(await countEffects([first, ...others])).toEqual(Array(6).fill(1))
    await through.end()
    await proxy.close()
  })

  it('do not wait for a message that hangs', async () => {
    const proxy = await startProxy(postgres.server.port)
    const through = await openPool(proxy.port, 1)
    const [first, ...others] = newDeliveries(6)
    if (!first) throw new Error('Six deliveries were made')
    const inbox = createPostgresInbox({ pool: firstThrough(through) })
    proxy.stall()
    const hanging = inbox.once(first, takeEffect(first))
    const later = newDelivery()
    const handled = others.map((delivery) => inbox.once(delivery, takeEffect(delivery)))
    expect(await inbox.once(later, takeEffect(later))).toBe('processed')
    expect(new Set(await Promise.all(handled))).toEqual(new Set(['processed']))
    proxy.restore()
    expect(await hanging).toBe('processed')
    expect(await countEffects([first, ...others, later])).toEqual(Array(7).fill(1))
    await through.end()
    await proxy.close()
  })

  it('leave out a delivery whose response is out, which gives its connection back', async () => {
    const [answered, other] = newDeliveries(2)
    if (!answered || !other) throw new Error('Two deliveries were made')
    const response = new AbortController()
    // It runs before the message is sent, which waits for the end of the turn as well.
    const connect = async () => {
      const client = await pool.connect()
      setImmediate(() => response.abort(new Error('The response is out')))
      return client
    }
    const inbox = createPostgresInbox({ pool: { connect } })
    const [left, handled] = await Promise.all([
      settled(inbox.once({ ...answered, answered: response.signal }, takeEffect(answered))),
      inbox.once(other, takeEffect(other)),
    ])
    expect(left).toEqual({ status: 'rejected', reason: new Error('The response is out') })
    expect(handled).toBe('processed')
    expect(await readAttempts([answered, other])).toEqual([undefined, 1])
    expect([pool.totalCount, pool.idleCount]).toEqual([20, 20])
  })

  it('of two processes never deadlock, in whatever order each has them', async () => {
    const other = await openPool(postgres.server.port, 20)
    const inboxes = [createPostgresInbox({ pool }), createPostgresInbox({ pool: other })] as const
    const all: InboxDelivery[] = []
    for (let round = 0; round < 30; round += 1) {
      const deliveries = newDeliveries(16)
      all.push(...deliveries)
      const attempts = [deliveries, [...deliveries].reverse()].flatMap((order, process) =>
        order.map((delivery) => inboxes[process === 0 ? 0 : 1].once(delivery, takeEffect(delivery))),
      )
      expect((await Promise.allSettled(attempts)).filter(({ status }) => status === 'rejected')).toEqual([])
    }
    expect(await countEffects(all)).toEqual(Array(all.length).fill(1))
    const { rows } = await postgres.observer.query(
      'select deadlocks::int from pg_stat_database where datname = current_database()',
    )
    expect(rows).toEqual([{ deadlocks: 0 }])
    await other.end()
  })
})
