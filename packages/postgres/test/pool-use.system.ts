import { isInstalled } from '@kinde-billing/test-support/installed'
import { latch, newDelivery, nothing, settled } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool, type PoolClient } from 'pg'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPostgresInbox } from '../src/index.js'
import { usePostgres } from './use-postgres.js'

const HANDLER_TIMEOUT_MS = 2000
const INBOX_TIMEOUT_MS = 1000

describe.runIf(isInstalled('postgres'))('the inbox and the pool of the application', () => {
  const postgres = usePostgres()
  let pool: Pool
  let warnings: string[]

  beforeEach(async () => {
    warnings = []
    vi.spyOn(console, 'warn').mockImplementation((line) => void warnings.push(String(line)))
    await postgres.observer.query('truncate effects')
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await pool.end()
  })

  /** An attempt that is answered as a receiver does: after one time without its handler, after another with it. */
  async function deliver(
    work: (tx: PoolClient) => Promise<unknown>,
    inboxTimeoutMs: number = INBOX_TIMEOUT_MS,
  ): Promise<string> {
    const answer = new AbortController()
    const abort = () => answer.abort(new Error('answered'))
    let timer = setTimeout(abort, inboxTimeoutMs)
    const run = createPostgresInbox({ pool }).once(newDelivery({ answered: answer.signal }), async (tx) => {
      clearTimeout(timer)
      timer = setTimeout(abort, HANDLER_TIMEOUT_MS)
      await work(tx)
    })
    const result = await settled(run)
    clearTimeout(timer)
    return result.status === 'fulfilled' ? result.value : 'rejected'
  }

  it.each([1, 2, 10])('lets no query wait for long in a pool of %i whose handlers ask it', async (max) => {
    pool = new Pool({ connectionString: postgres.server.url, max })
    let longestMs = 0
    const ask = async () => {
      const startedAt = performance.now()
      await pool.query('select 1')
      longestMs = Math.max(longestMs, performance.now() - startedAt)
    }
    const started = latch()
    const first = deliver(async () => {
      started.open()
      await ask()
    }, 60_000)
    await started.opened
    const deliveries = [first, ...Array.from({ length: 99 }, () => deliver(ask))]
    const queries = Array.from({ length: 20 }, ask)
    const outcomes = new Set(await Promise.all(deliveries))
    await Promise.all(queries)
    // Far from the lease of 60 s: a query waits for at most one handler, and that one ends with its response.
    expect(longestMs).toBeLessThan(HANDLER_TIMEOUT_MS * 5)
    expect(await first).toBe(max === 1 ? 'rejected' : 'processed')
    expect(outcomes).toContain(max === 1 ? 'rejected' : 'processed')
    if (max === 1)
      expect(warnings.join()).toMatch(/Let handlers query through delivery\.tx, give the inbox a separate pool/)
    else expect(warnings).toEqual([])
  })

  it('handles all of them if there is a second connection', async () => {
    pool = new Pool({ connectionString: postgres.server.url, max: 2 })
    const deliveries = Array.from({ length: 10 }, () => deliver(() => pool.query('select 1')))
    expect(new Set(await Promise.all(deliveries))).toEqual(new Set(['processed']))
  })

  it('goes on after its response if no other attempt waits for its connection', async () => {
    pool = new Pool({ connectionString: postgres.server.url, max: 1 })
    const answer = new AbortController()
    const attempt = createPostgresInbox({ pool }).once(newDelivery({ answered: answer.signal }), async (tx) => {
      answer.abort()
      await tx.query("insert into effects values ('late, but marked')")
    })
    expect(await attempt).toBe('processed')
  })

  it('ends an attempt after its response as soon as a query waits for its connection', async () => {
    pool = new Pool({ connectionString: postgres.server.url, max: 1 })
    const answer = new AbortController()
    const attempt = settled(
      createPostgresInbox({ pool }).once(newDelivery({ answered: answer.signal }), async (tx, signal) => {
        await tx.query("insert into effects values ('undone')")
        answer.abort()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      }),
    )
    await vi.waitUntil(() => answer.signal.aborted)
    await pool.query('select 1')
    expect(await attempt).toMatchObject({
      status: 'rejected',
      reason: { message: expect.stringContaining('response') },
    })
    expect((await postgres.observer.query('select from effects')).rows).toEqual([])
  })

  it('gives up without a trace if its response is out before it gets a connection', async () => {
    pool = new Pool({ connectionString: postgres.server.url, max: 1 })
    const held = await pool.connect()
    const answer = new AbortController()
    const delivery = newDelivery({ answered: answer.signal })
    const work = vi.fn(nothing)
    const attempt = settled(createPostgresInbox({ pool }).once(delivery, work))
    answer.abort(new Error('answered'))
    held.release()
    expect(await attempt).toMatchObject({ status: 'rejected', reason: { message: 'answered' } })
    expect(work).not.toHaveBeenCalled()
    const arrived = await postgres.observer.query('select from kinde_billing_deliveries where key = $1', [delivery.key])
    expect(arrived.rows).toEqual([])
    expect({ total: pool.totalCount, idle: pool.idleCount }).toEqual({ total: 1, idle: 1 })
  })

  it('serves live events at once after a burst that was answered while it waited', async () => {
    pool = new Pool({ connectionString: postgres.server.url, max: 3 })
    const held = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
    const inbox = createPostgresInbox({ pool })
    const answer = new AbortController()
    const late = Array.from({ length: 200 }, () =>
      settled(
        inbox.once(newDelivery({ answered: answer.signal }), () => pool.query('select pg_sleep(1)').then(() => {})),
      ),
    )
    answer.abort()
    for (const client of held) client.release()
    expect(await inbox.once(newDelivery(), nothing)).toBe('processed')
    expect(new Set((await Promise.all(late)).map(({ status }) => status))).toEqual(new Set(['rejected']))
  })

  it('finds out that release(true) does not close, undoes what was open, and refuses the pool', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    pool = new Pool({ connectionString: postgres.server.url, max: 1 })
    const leaking = {
      async connect() {
        const client = await pool.connect()
        return { query: client.query.bind(client), release: () => client.release() }
      },
    }
    const inbox = createPostgresInbox({ pool: leaking })
    const attempt = inbox.once(newDelivery({ leaseMs: 300 }), async (tx: Pick<PoolClient, 'query'>) => {
      await tx.query("insert into effects values ('unmarked')")
      await new Promise(() => {})
    })
    await expect(attempt).rejects.toThrow('The lease of 300 ms is over')
    await pool.query("insert into effects values ('of the next user')")
    expect((await postgres.observer.query('select value from effects')).rows).toEqual([{ value: 'of the next user' }])
    await expect(inbox.once(newDelivery(), nothing)).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('release(true) left the connection open'),
    })
  })

  it('waits for its turn, and is still handled, when more events come than handlers may run', async () => {
    pool = new Pool({ connectionString: postgres.server.url, max: 3 })
    const inbox = createPostgresInbox({ pool })
    const end = latch()
    let running = 0
    let most = 0
    const attempts = Array.from({ length: 6 }, () =>
      inbox.once(newDelivery(), async () => {
        running += 1
        most = Math.max(most, running)
        await end.opened
        running -= 1
      }),
    )
    await vi.waitUntil(() => running === 2)
    // The third connection is free for the application, and for duplicates.
    await pool.query('select 1')
    end.open()
    expect(new Set(await Promise.all(attempts))).toEqual(new Set(['processed']))
    expect(most).toBe(2)
  })
})
