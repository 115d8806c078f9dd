import { createWebHandler } from '@kinde-billing/core/receiver'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'
import { Pool } from 'pg'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPostgresInbox, listDeliveries } from '../src/index.js'
import { usePostgres } from './use-postgres.js'

/** Less than a lease. */
const PATIENCE = { timeout: 30_000 }

const UNAVAILABLE = '503 {"error":"inbox_unavailable"}'

describe.runIf(isInstalled('postgres'))('while commits wait for a synchronous standby that is gone', () => {
  const postgres = usePostgres('create table effects (event_id text)')
  let issuer: TestIssuer
  let pool: Pool
  let lines: string[]

  beforeAll(async () => {
    issuer = await createTestIssuer()
  })
  beforeEach(async () => {
    lines = []
    await postgres.observer.query('truncate effects')
    pool = new Pool({ connectionString: postgres.server.url, max: 20 }).on('error', () => {})
    // Its connections are open: deliveries of one turn of the event loop then arrive in the same message.
    const clients = await Promise.all(Array.from({ length: 20 }, () => pool.connect()))
    for (const client of clients) client.release()
  })
  afterEach(async () => {
    await setStandby('')
    await pool.end()
  })

  async function setStandby(name: string): Promise<void> {
    await postgres.observer.query(`alter system set synchronous_standby_names = '${name}'`)
    await postgres.observer.query('select pg_reload_conf()')
    const isSet = async () => (await postgres.observer.query('show synchronous_standby_names')).rows
    await expect.poll(isSet, PATIENCE).toEqual([{ synchronous_standby_names: name }])
  }

  function receiver(meanwhile: () => Promise<void> = async () => {}) {
    const handle = createWebHandler({
      issuer: issuer.issuer,
      jwks: issuer.jwks,
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      log: { warn: () => {}, error: (line: string) => lines.push(line) },
      onEvent: async (event, { tx }) => {
        await tx.query('insert into effects values ($1)', [event.id])
        await meanwhile()
      },
    })
    return async (body: string) => {
      const response = await handle(new Request('http://127.0.0.1', { method: 'POST', body }))
      return `${response.status} ${JSON.stringify(await response.json())}`
    }
  }

  const sign = (count: number) =>
    Promise.all(
      Array.from({ length: count }, () =>
        issuer.sign(billingEventFixture('customer.payment_failed', { event_id: `event_${crypto.randomUUID()}` })),
      ),
    )

  async function readEffects(): Promise<{ effects: number; events: number } | undefined> {
    const { rows } = await postgres.observer.query<{ effects: number; events: number }>(
      'select count(*)::int as effects, count(distinct event_id)::int as events from effects',
    )
    return rows[0]
  }

  const sendAll = (post: (token: string) => Promise<string>, tokens: readonly string[]) => Promise.all(tokens.map(post))

  it('answers what arrives with 503 and the reason, and handles each event once when the commits go on', async () => {
    const tokens = await sign(12)
    const post = receiver()
    await setStandby('absent')
    expect(new Set(await sendAll(post, tokens))).toEqual(new Set([UNAVAILABLE]))
    expect(lines.join()).toContain('synchronous_standby_names')
    // Kinde's next attempts of the same events, and other events.
    const others = await sign(4)
    expect(new Set(await sendAll(post, [...tokens, ...others]))).toEqual(new Set([UNAVAILABLE]))
    expect(await readEffects()).toEqual({ effects: 0, events: 0 })
    await setStandby('')
    for (const token of [...tokens, ...others]) await expect.poll(() => post(token), PATIENCE).toMatch(/^200/)
    expect(await readEffects()).toEqual({ effects: 16, events: 16 })
  })

  it('answers a handled event with 503 until its mark is committed', async () => {
    const [token = ''] = await sign(1)
    const post = receiver(() => setStandby('absent'))
    expect(await post(token)).toBe(UNAVAILABLE)
    expect(await post(token)).toBe(UNAVAILABLE)
    expect(lines.join()).toContain('synchronous_standby_names')
    expect(await readEffects()).toEqual({ effects: 0, events: 0 })
    await setStandby('')
    await expect.poll(() => post(token), PATIENCE).toBe('200 {"status":"duplicate"}')
    expect(await readEffects()).toEqual({ effects: 1, events: 1 })
  })

  it('answers a failed event with 500 and the reason, although the record of its failure hangs', async () => {
    const [token = ''] = await sign(1)
    const post = receiver(async () => {
      await setStandby('absent')
      throw new Error('no such plan')
    })
    expect(await post(token)).toBe('500 {"error":"handler_failed"}')
    expect(lines.join()).toContain('no such plan')
    await setStandby('')
    await expect
      .poll(async () => (await listDeliveries(postgres.observer, { status: 'failed' })).deliveries, PATIENCE)
      .toHaveLength(1)
  })

  it('gives the connections of arrivals back soon after their responses, and not at the end of the lease', async () => {
    const post = receiver()
    await setStandby('absent')
    expect(new Set(await sendAll(post, await sign(12)))).toEqual(new Set([UNAVAILABLE]))
    await expect.poll(() => pool.totalCount - pool.idleCount, PATIENCE).toBe(0)
  })
})
