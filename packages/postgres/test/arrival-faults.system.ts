import type { InboxDelivery } from '@kinde-billing/core/receiver'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { newDelivery, nothing, settled } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool, type PoolClient, type PoolConfig } from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { createPostgresInbox, readDelivery } from '../src/index.js'
import { usePostgres } from './use-postgres.js'

const SCHEMA = `
  create table effects (event_id text);
  create role app login connection limit 3;
  grant all on effects, kinde_billing_deliveries to app`

describe.runIf(isInstalled('postgres'))('deliveries that arrive with one that fails', () => {
  const postgres = usePostgres(SCHEMA)
  let pool: Pool
  afterEach(() => pool.end())

  /** Its connections are open: deliveries of one turn of the event loop then arrive in the same message. */
  async function openPool(config: PoolConfig = {}, open = 10): Promise<void> {
    pool = new Pool({ connectionString: postgres.server.url, max: 10, ...config }).on('error', () => {})
    const clients = await Promise.all(Array.from({ length: open }, () => pool.connect()))
    for (const client of clients) client.release()
  }

  /** An id may hold what a column cannot. */
  const toColumn = (eventId: string): string => Buffer.from(eventId).toString('hex')
  const takeEffect =
    ({ eventId }: InboxDelivery) =>
    async (tx: Pick<PoolClient, 'query'>) =>
      void (await tx.query('insert into effects values ($1)', [toColumn(eventId)]))

  async function countEffects(deliveries: readonly InboxDelivery[]): Promise<number[]> {
    const { rows } = await postgres.observer.query<{ count: number }>(
      'select count(event_id)::int as count from unnest($1::text[]) as delivery(id) left join effects on event_id = id group by id',
      [deliveries.map(({ eventId }) => toColumn(eventId))],
    )
    return rows.map(({ count }) => count)
  }

  const newDeliveries = (count: number): InboxDelivery[] => Array.from({ length: count }, () => newDelivery())

  it('are handled if its row is locked for longer than the statement_timeout of the role', async () => {
    await openPool({ options: '-c statement_timeout=1500' })
    const inbox = createPostgresInbox({ pool })
    const locked = newDelivery()
    const others = newDeliveries(4)
    await inbox.once(locked, nothing)
    const operator = await postgres.observer.connect()
    await operator.query('begin')
    await operator.query('select from kinde_billing_deliveries where key = $1 for update', [locked.key])
    const failing = settled(inbox.once(locked, takeEffect(locked)))
    const outcomes = await Promise.all(others.map((delivery) => inbox.once(delivery, takeEffect(delivery))))
    expect(outcomes).toEqual(Array(4).fill('processed'))
    expect(await failing).toMatchObject({ status: 'rejected', reason: { code: '57014' } })
    await operator.query('rollback')
    operator.release()
    expect(await inbox.once(locked, takeEffect(locked))).toBe('duplicate')
    expect((await countEffects([...others, locked])).sort()).toEqual([0, 1, 1, 1, 1])
  })

  it('are handled if its connection is ended by the server between arrival and claim', async () => {
    await openPool()
    const deliveries = newDeliveries(6)
    let hasEnded = false
    const connect = async () => {
      const client = await pool.connect()
      const query = async (text: string, values?: unknown[]) => {
        if (text.includes('pg_try_advisory_xact_lock') && !hasEnded) {
          hasEnded = true
          const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
          await postgres.observer.query('select pg_terminate_backend($1)', [rows[0]?.pid])
        }
        return client.query(text, values)
      }
      return Object.assign(Object.create(client), { query })
    }
    const inbox = createPostgresInbox({ pool: { connect } })
    const attempts = await Promise.allSettled(deliveries.map((delivery) => inbox.once(delivery, takeEffect(delivery))))
    const failed = attempts.filter((attempt) => attempt.status === 'rejected')
    expect(failed).toMatchObject([{ reason: { code: '57P01' } }])
    const next = await Promise.all(deliveries.map((delivery) => inbox.once(delivery, takeEffect(delivery))))
    expect(next.toSorted()).toEqual([...Array(5).fill('duplicate'), 'processed'])
    expect(await countEffects(deliveries)).toEqual(Array(6).fill(1))
  })

  it('are handled if the server has no connection left for it', async () => {
    await openPool({ connectionString: postgres.server.url.replace('postgres@', 'app@') }, 0)
    const deliveries = newDeliveries(8)
    const inbox = createPostgresInbox({ pool })
    const attempts = await Promise.allSettled(deliveries.map((delivery) => inbox.once(delivery, takeEffect(delivery))))
    const failed = attempts.filter((attempt) => attempt.status === 'rejected')
    expect(failed.length).toBeGreaterThan(0)
    for (const { reason } of failed) expect(reason).toMatchObject({ code: '53300' })
    for (const delivery of deliveries)
      expect(await inbox.once(delivery, takeEffect(delivery))).toMatch(/processed|duplicate/)
    expect(await countEffects(deliveries)).toEqual(Array(8).fill(1))
  })

  it('are handled if it holds characters that Postgres cannot store', async () => {
    await openPool()
    const eventId = `\u0000\ud800 ${crypto.randomUUID()} \\' 🦊`
    const odd = newDelivery({
      eventId,
      key: `https://acme.kinde.com billing ${eventId}`,
      claims: { text: '\u0000 \udc00 🦊', data: {} },
    })
    const deliveries = [...newDeliveries(4), odd]
    const inbox = createPostgresInbox({ pool })
    const fail = () => Promise.reject(new Error('no'))
    const failed = await Promise.allSettled(deliveries.map((delivery) => inbox.once(delivery, fail)))
    expect(failed.map((attempt) => attempt.status === 'rejected' && String(attempt.reason))).toEqual(
      Array(5).fill('Error: no'),
    )
    for (const { eventId } of deliveries)
      expect(await readDelivery(postgres.observer, eventId)).toMatchObject({ attempts: 1, failures: 1 })
    const outcomes = await Promise.all(deliveries.map((delivery) => inbox.once(delivery, takeEffect(delivery))))
    expect(outcomes).toEqual(Array(5).fill('processed'))
    expect(await countEffects(deliveries)).toEqual(Array(5).fill(1))
  })
})
