import { once } from 'node:events'
import { createWebHandler, type DeliveryOutcome } from '@kinde-billing/core/receiver'
import { type CuttableProxy, startProxy } from '@kinde-billing/test-support/cuttable-proxy'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'
import { latch, newDelivery } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPostgresInbox, listDeliveries } from '../src/index.js'
import { hookedPool, type Message } from './hooked-pool.js'
import { usePostgres } from './use-postgres.js'

describe.runIf(isInstalled('postgres'))('what a receiver answers on a Postgres that fails', () => {
  const postgres = usePostgres()
  let proxy: CuttableProxy
  let issuer: TestIssuer
  let pool: Pool
  let token: string

  beforeAll(async () => {
    proxy = await startProxy(postgres.server.port)
    issuer = await createTestIssuer()
  })
  beforeEach(async () => {
    token = await issuer.sign(billingEventFixture('customer.payment_failed', { event_id: crypto.randomUUID() }))
    pool = new Pool({ host: '127.0.0.1', port: proxy.port, user: 'postgres' }).on('error', () => {})
    await postgres.observer.query('truncate effects')
  })
  afterEach(() => {
    proxy.restore()
    return pool.end()
  })
  afterAll(async () => {
    await proxy.close()
  })

  /** A receiver whose handler writes `early`, does what the case wants, and writes `late`. */
  function receiver(meanwhile: () => void | Promise<void> = () => {}, options = {}) {
    const handle = createWebHandler({
      issuer: issuer.issuer,
      jwks: issuer.jwks,
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      inboxTimeoutMs: 1000,
      log: false,
      ...options,
      onOutcome: () => {},
      on: {
        'customer.payment_failed': async (_, { tx }) => {
          await tx.query("insert into effects values ('early')")
          await meanwhile()
          await tx.query("insert into effects values ('late')")
        },
      },
    })
    return async () => {
      const response = await handle(new Request('http://127.0.0.1', { method: 'POST', body: token }))
      return [response.status, await response.json()]
    }
  }

  async function effects(): Promise<string[]> {
    const { rows } = await postgres.observer.query<{ value: string }>('select value from effects')
    return rows.map(({ value }) => value)
  }

  const unavailable = [503, { error: 'inbox_unavailable' }]

  it('answers 500 with the setting as the reason if the handler is idle for longer than the role may be', async () => {
    await pool.end()
    const settings = '-c idle_in_transaction_session_timeout=100'
    pool = new Pool({ connectionString: postgres.server.url, options: settings }).on('error', () => {})
    const lines: string[] = []
    const log = { warn() {}, error: (line: string) => lines.push(line) }
    const post = receiver(() => once(pool, 'remove').then(() => {}), { log })
    expect(await post()).toEqual([500, { error: 'handler_failed' }])
    expect(lines.join()).toContain('idle_in_transaction_session_timeout')
    expect(await effects()).toEqual([])
    const { deliveries } = await listDeliveries(postgres.observer, { status: 'failed', limit: 1 })
    expect(deliveries).toMatchObject([{ failures: 1, lastError: { code: 'handler_failed' } }])
  })

  describe('well, and the mark takes 300 ms', () => {
    beforeEach(async () => {
      await postgres.observer.query(`create function slow_mark() returns trigger language plpgsql as
        'begin if new.done_at is not null then perform pg_sleep(0.3); end if; return new; end'`)
      await postgres.observer.query(`create trigger slow_mark before update on kinde_billing_deliveries
        for each row execute function slow_mark()`)
      return () => postgres.observer.query('drop function slow_mark cascade')
    })

    it('marks whatever limits the handler has set, and the next user of the connection has none of them', async () => {
      await pool.end()
      pool = new Pool({ connectionString: postgres.server.url, max: 1 })
      const limits = "set statement_timeout = '100ms'; set local lock_timeout = '1ms'; set lock_timeout = '1ms'"
      const attempt = createPostgresInbox({ pool }).once(newDelivery(), async (tx) => void (await tx.query(limits)))
      expect(await attempt).toBe('processed')
      const { rows } = await pool.query(
        "select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock",
      )
      expect(rows).toEqual([{ statement: '0', lock: '0' }])
    })

    it('names statement_timeout if the role has a limit that the mark exceeds', async () => {
      await pool.end()
      pool = new Pool({ connectionString: postgres.server.url, options: '-c statement_timeout=100' })
      const lines: string[] = []
      const post = receiver(() => {}, { log: { warn() {}, error: (line: string) => lines.push(line) } })
      expect(await post()).toEqual([500, { error: 'handler_failed' }])
      expect(lines.join()).toContain('statement_timeout')
      expect(await effects()).toEqual([])
    })
  })

  it('answers 503 and runs no handler if it is down at the claim', async () => {
    proxy.cut()
    let ran = false
    const post = receiver(() => {
      ran = true
    })
    expect(await post()).toEqual(unavailable)
    expect(ran).toBe(false)
  })

  it('answers 503, leaves nothing and runs the next attempt if it is down at the mark', async () => {
    const cutAtTheMark = (message: Message) => (message === 'mark' ? proxy.cut() : undefined)
    const post = receiver(() => {}, { inbox: createPostgresInbox({ pool: hookedPool(pool, cutAtTheMark) }) })
    expect(await post()).toEqual(unavailable)
    expect(await effects()).toEqual([])
    proxy.restore()
    expect(await receiver()()).toEqual([200, { status: 'processed' }])
    expect(await effects()).toEqual(['early', 'late'])
  })

  it('answers 503 within the timeout if it is silent, and a later claim runs nothing', async () => {
    const post = receiver()
    proxy.stall()
    expect(await post()).toEqual(unavailable)
    proxy.restore()
    await expect.poll(post).toEqual([200, { status: 'processed' }])
    expect(await effects()).toEqual(['early', 'late'])
  })

  it('answers 500 with the true reason if a deferred constraint of the handler fails at the commit', async () => {
    await postgres.observer.query('create table customers (id text primary key)')
    await postgres.observer.query(
      'create table invoices (customer text references customers deferrable initially deferred)',
    )
    const outcomes: DeliveryOutcome[] = []
    const handle = createWebHandler({
      issuer: issuer.issuer,
      jwks: issuer.jwks,
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      log: false,
      onOutcome: (outcome) => outcomes.push(outcome),
      onEvent: async (_, { tx }) => void (await tx.query("insert into invoices values ('unknown')")),
    })
    const response = await handle(new Request('http://127.0.0.1', { method: 'POST', body: token }))
    expect([response.status, await response.json()]).toEqual([500, { error: 'handler_failed' }])
    expect(outcomes[0]?.error?.cause).toMatchObject({ cause: { code: '23503' } })
  })

  it('answers 500 and keeps a row to redeliver if the data does not match the schema', async () => {
    const refuse = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) },
    } as const
    const handle = createWebHandler({
      issuer: issuer.issuer,
      jwks: issuer.jwks,
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      log: false,
      dataSchemas: { 'customer.payment_failed': refuse },
      onEvent: () => {},
    })
    const response = await handle(new Request('http://127.0.0.1', { method: 'POST', body: token }))
    expect([response.status, await response.json()]).toEqual([500, { error: 'schema_mismatch' }])
    const { deliveries } = await listDeliveries(postgres.observer, { status: 'failed', limit: 1 })
    expect(deliveries).toMatchObject([{ lastError: { code: 'schema_mismatch' }, attempts: 1 }])
    expect(deliveries[0]?.claimsBytes).toBeGreaterThan(0)
  })

  it('answers 503, then 409 if the handler takes too long, and marks what it still writes', async () => {
    const end = latch()
    const post = receiver(() => end.opened, { handlerTimeoutMs: 100 })
    expect(await post()).toEqual([503, { error: 'handler_timeout' }])
    expect(await post()).toEqual([409, { error: 'delivery_in_progress' }])
    expect(await effects()).toEqual([])
    end.open()
    await expect.poll(post).toEqual([200, { status: 'duplicate' }])
    expect(await effects()).toEqual(['early', 'late'])
  })
})
