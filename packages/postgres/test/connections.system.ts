import { readFileSync } from 'node:fs'
import { DiscardEvent } from '@kinde-billing/core/receiver'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { aborted, latch, newDelivery, nothing, settled } from '@kinde-billing/testing/inbox-contract/attempts'
import { Client, Pool, type PoolClient } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPostgresInbox } from '../src/index.js'
import { hookedPool, type Message } from './hooked-pool.js'
import { usePostgres } from './use-postgres.js'

describe.runIf(isInstalled('postgres'))("a Postgres inbox and the pool's connections", () => {
  const postgres = usePostgres()
  let pool: Pool
  const inboxOn = (options: object = {}) => {
    pool = new Pool({ connectionString: postgres.server.url, ...options })
    return createPostgresInbox({ pool })
  }

  beforeEach(async () => {
    await postgres.observer.query('truncate effects')
  })
  afterEach(() => pool.end())

  async function effects(): Promise<string[]> {
    const { rows } = await postgres.observer.query<{ value: string }>('select value from effects order by value')
    return rows.map(({ value }) => value)
  }

  it('gives its connection back after every outcome, with nothing of its own left on it', async () => {
    const inbox = inboxOn({ max: 2 })
    const delivery = newDelivery()
    const failing = () => inbox.once(delivery, () => Promise.reject(new Error('no')))
    for (let run = 0; run < 20; run += 1) await settled(failing())
    await inbox.once(delivery, async () => {
      expect(await inbox.once(delivery, nothing)).toBe('in_progress')
    })
    expect(await inbox.once(delivery, nothing)).toBe('duplicate')
    expect({ total: pool.totalCount, idle: pool.idleCount }).toEqual({ total: 2, idle: 2 })
    const client = await pool.connect()
    expect(client.listenerCount('error')).toBe(0)
    client.release()
  })

  it('sends three messages for an event and for a failure, and one for a duplicate', async () => {
    inboxOn({ max: 2 })
    const messages: Message[] = []
    const hooked = hookedPool(pool, (message) => void messages.push(message))
    const inbox = createPostgresInbox({ pool: hooked })
    const sentBy = async (run: Promise<unknown>) => {
      await settled(run)
      return messages.splice(0)
    }
    const delivery = newDelivery()
    const failing = inbox.once(delivery, () => Promise.reject(new Error('no')))
    expect(await sentBy(failing)).toEqual(['arrival', 'claim', 'failure'])
    expect(await sentBy(inbox.once(delivery, nothing))).toEqual(['arrival', 'claim', 'mark'])
    expect(await sentBy(inbox.once(delivery, nothing))).toEqual(['arrival'])
    const discarding = inbox.once(newDelivery(), () => Promise.reject(new DiscardEvent('unknown')))
    expect(await sentBy(discarding)).toEqual(['arrival', 'claim', 'mark'])
  })

  it('closes its connection at the end of the lease, and the server ends the transaction', async () => {
    const inbox = inboxOn()
    let pid = 0
    const attempt = inbox.once(newDelivery({ leaseMs: 200 }), async (tx, signal) => {
      const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
      pid = rows[0]?.pid ?? 0
      await aborted(signal)
      await new Promise(() => {})
    })
    await expect(attempt).rejects.toThrow('The lease of 200 ms is over')
    expect(pool.totalCount).toBe(0)
    const isThere = async () =>
      (await postgres.observer.query('select from pg_stat_activity where pid = $1', [pid])).rows.length
    await expect.poll(isThere).toBe(0)
  })

  it('closes it while a statement runs, too', async () => {
    const inbox = inboxOn()
    const attempt = inbox.once(newDelivery({ leaseMs: 200 }), async (tx) => {
      await tx.query("insert into effects select 'late' from pg_sleep(1)")
    })
    await expect(attempt).rejects.toThrow('The lease of 200 ms is over')
    const isBusy = async () =>
      (
        await postgres.observer.query(
          "select from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()",
        )
      ).rows.length
    await expect.poll(isBusy, { timeout: 5000 }).toBe(0)
    expect(await effects()).toEqual([])
  })

  it('refuses what a handler still writes after it has failed, on a connection that serves others by then', async () => {
    const inbox = inboxOn({ max: 1 })
    const failed = latch()
    let late: Promise<PromiseSettledResult<unknown>> | undefined
    const attempt = inbox.once(newDelivery(), async (tx) => {
      const slow = async () => {
        await tx.query("insert into effects values ('early')")
        await failed.opened
        await tx.query("insert into effects values ('late')")
      }
      late = settled(slow())
      throw new Error('the other half failed')
    })
    await expect(attempt).rejects.toThrow('the other half failed')
    await inbox.once(newDelivery(), async (tx) => {
      failed.open()
      expect(await late).toMatchObject({ status: 'rejected' })
      await tx.query("insert into effects values ('next')")
    })
    expect(await effects()).toEqual(['next'])
  })

  it('lets the server end the transaction of a process that hangs, and restores the limits after it', async () => {
    const inbox = inboxOn({ max: 1, options: '-c statement_timeout=5s' })
    const limits = async (client: Pool | PoolClient) => {
      const { rows } = await client.query(
        "select current_setting('idle_in_transaction_session_timeout') as idle, current_setting('statement_timeout') as statement",
      )
      return rows[0]
    }
    await inbox.once(newDelivery({ leaseMs: 60_000 }), async (tx) => {
      expect(await limits(tx)).toEqual({ idle: '61s', statement: '5s' })
    })
    expect(await limits(pool)).toEqual({ idle: '0', statement: '5s' })
  })

  it.each(['serializable', 'repeatable read'])(
    'runs one of many where the default isolation is %s',
    async (isolation) => {
      const inbox = inboxOn({ options: `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}` })
      const delivery = newDelivery()
      const work = (tx: PoolClient) => tx.query("insert into effects values ('once')").then(() => {})
      await Promise.all(Array.from({ length: 20 }, () => settled(inbox.once(delivery, work))))
      expect(await inbox.once(delivery, work)).toBe('duplicate')
      expect(await effects()).toEqual(['once'])
    },
  )

  it('serves any number of events with few connections', async () => {
    const inbox = inboxOn({ max: 2 })
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => inbox.once(newDelivery(), nothing)))
    expect(new Set(outcomes)).toEqual(new Set(['processed']))
  })

  it('rejects with what the pool says where it has no connection to give', async () => {
    const inbox = inboxOn({ max: 1, connectionTimeoutMillis: 50 })
    const held = await pool.connect()
    await expect(inbox.once(newDelivery(), nothing)).rejects.toThrow('timeout exceeded when trying to connect')
    held.release()
  })

  it('gives handlers a client like any other of pg, which only the inbox releases or closes', async () => {
    const inbox = inboxOn()
    await inbox.once(newDelivery(), async (tx) => {
      expect(tx).toBeInstanceOf(Client)
      expect(tx.getTransactionStatus()).toBe('T')
      expect((await tx.query({ name: 'named', text: 'select $1::int as one', values: [1] })).rows).toEqual([{ one: 1 }])
      const rows = await new Promise((resolve) => tx.query('select 2 as two', [], (_, result) => resolve(result.rows)))
      expect(rows).toEqual([{ two: 2 }])
      expect(tx.on('notice', () => {})).toBe(tx)
      tx.release()
      expect(() => tx.end()).toThrow("is the inbox's")
      expect(() => tx.query({ text: 'commit' })).toThrow("is the inbox's")
    })
  })

  it('shows an operator what is being handled, by the query of the docs', async () => {
    const page = readFileSync(new URL('../../../docs/inbox-table.md', import.meta.url), 'utf8')
    const query = page.match(/^```sql\n([^`]*pg_locks[^`]*)^```$/m)?.[1] ?? ''
    const inbox = inboxOn()
    const delivery = newDelivery()
    await inbox.once(delivery, async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
      expect((await postgres.observer.query(query)).rows).toMatchObject([
        { event_id: delivery.eventId, pid: rows[0]?.pid },
      ])
    })
    expect((await postgres.observer.query(query)).rows).toEqual([])
  })

  it('works on a pool that pipelines its statements', async () => {
    const inbox = inboxOn({ pipeline: true })
    const delivery = newDelivery()
    await settled(
      inbox.once(delivery, async (tx) => {
        void tx.query("insert into effects values ('undone')")
        throw new Error('no')
      }),
    )
    expect(
      await inbox.once(delivery, async (tx) => {
        void tx.query("insert into effects values ('kept, though it was not awaited')")
      }),
    ).toBe('processed')
    expect(await effects()).toEqual(['kept, though it was not awaited'])
  })
})
