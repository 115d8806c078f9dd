import { createBillingReceiver, type DeliveryOutcome } from '@kinde-billing/core/receiver'
import { type CuttableProxy, startProxy } from '@kinde-billing/test-support/cuttable-proxy'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'
import { settled } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  createPostgresInbox,
  eraseClaims,
  inboxHealth,
  listDeliveries,
  readDelivery,
  redeliver,
  requestRedelivery,
} from '../src/index.js'
import { usePostgres } from './use-postgres.js'

const EVENTS = 300

describe.runIf(isInstalled('postgres'))('redelivery on a real Postgres', () => {
  const postgres = usePostgres('create table effects (event_id text)')
  let proxy: CuttableProxy
  let issuer: TestIssuer

  beforeAll(async () => {
    proxy = await startProxy(postgres.server.port)
    issuer = await createTestIssuer()
  })
  beforeEach(() => postgres.observer.query('truncate effects, kinde_billing_deliveries'))
  afterAll(async () => {
    await proxy.close()
  })

  /** A receiver of a process of its own, as far as its pool goes. */
  function openReceiver(
    port: number,
    options: { fails: () => boolean; onOutcome?: (outcome: DeliveryOutcome) => void },
  ) {
    const pool = new Pool({ host: '127.0.0.1', port, user: 'postgres', max: 6, connectionTimeoutMillis: 5000 })
    pool.on('error', () => {})
    const receiver = createBillingReceiver({
      issuer: issuer.issuer,
      jwks: issuer.jwks,
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      log: false,
      // The machine may be busy, and nothing here is about that.
      inboxTimeoutMs: 60_000,
      onOutcome: options.onOutcome,
      onEvent: async (event, { tx }) => {
        await tx.query('insert into effects values ($1)', [event.id])
        if (options.fails()) throw new Error(`cannot handle ${event.customer.id}`)
      },
    })
    const deliver = async (token: string) => {
      const { status } = await receiver.receive({
        method: 'POST',
        header: () => undefined,
        body: () => token,
        context: undefined,
      })
      return status
    }
    return { pool, receiver, deliver }
  }

  const signMany = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, index) => {
        const data = { customer_id: `customer_${index % 40}` }
        return issuer.sign(billingEventFixture('customer.payment_failed', { event_id: crypto.randomUUID(), data }))
      }),
    )

  it('gives each of 300 failed events one effect, beside attempts of Kinde, three other processes and cut connections', async () => {
    const tokens = await signMany(EVENTS)
    const broken = openReceiver(postgres.server.port, { fails: () => true })
    const statuses = await Promise.all(tokens.map(broken.deliver))
    expect(new Set(statuses)).toEqual(new Set([500]))
    expect(await requestRedelivery(postgres.observer, { status: 'failed' }, { reason: 'fixed' })).toBe(EVENTS)
    expect(await inboxHealth(postgres.observer)).toMatchObject({ failing: EVENTS, toRedeliver: EVENTS })

    const fails = () => Math.random() < 0.2
    const processes = Array.from({ length: 4 }, () => openReceiver(proxy.port, { fails }))
    const countOpen = async () =>
      (await postgres.observer.query('select from kinde_billing_deliveries where done_at is null')).rows.length
    let isOver = false
    const redeliverers = processes.map(async ({ pool, receiver }) => {
      while (!isOver) await settled(redeliver(pool, receiver, { concurrency: 2, perSecond: 500 }))
    })
    const kinde = processes.map(async ({ deliver }) => {
      for (let round = 0; round < 3; round += 1) for (const token of tokens) await deliver(token)
    })
    const faults = (async () => {
      for (let cut = 0; cut < 6; cut += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        proxy.cut()
        proxy.restore()
      }
    })()
    await Promise.all([...kinde, faults])
    // What is left waits for its next try, which need not be waited for here.
    while ((await countOpen()) > 0) {
      await postgres.observer.query(
        'update kinde_billing_deliveries set redelivery_due_at = now() where done_at is null',
      )
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    isOver = true
    await Promise.all(redeliverers)

    const { rows: effects } = await postgres.observer.query('select event_id from effects')
    expect(effects).toHaveLength(EVENTS)
    expect(new Set(effects.map(({ event_id }) => event_id)).size).toBe(EVENTS)
    const { rows: left } = await postgres.observer.query(
      'select from kinde_billing_deliveries where claims is not null or customer is not null or error_message is not null',
    )
    expect(left).toEqual([])
    await Promise.all([broken, ...processes].map(({ pool }) => pool.end()))
  }, 600_000)

  it('leaves no value of any data after 1,000 events, of which some failed first, and erases what is left of the others', async () => {
    const newTokens = (count: number, customer: string) =>
      Promise.all(
        Array.from({ length: count }, (_, index) => {
          const data = {
            customer_id: customer,
            user_id: `kp_${index}_private`,
            customer_name: 'Ada Private',
            // Longer than the digits of a time, which would hold a shorter number now and then.
            invoice_amount: 987_654_321_012,
          }
          return issuer.sign(billingEventFixture('customer.payment_failed', { event_id: crypto.randomUUID(), data }))
        }),
      )
    const dump = async (): Promise<string> => {
      const { rows } = await postgres.observer.query<{ dump: string }>(
        'select string_agg(delivery::text, chr(10)) as dump from kinde_billing_deliveries as delivery',
      )
      return rows[0]?.dump ?? ''
    }
    /** Delivers them, not more at once than get a connection in time. */
    const deliverAll = async (deliver: (token: string) => Promise<number>, given: readonly string[]) => {
      const queue = [...given]
      const statuses = new Set<number>()
      const lane = async () => {
        for (let token = queue.pop(); token !== undefined; token = queue.pop()) statuses.add(await deliver(token))
      }
      await Promise.all(Array.from({ length: 10 }, lane))
      return [...statuses]
    }
    const personal = /.{0,80}(?:private|987654321012).{0,80}/gi
    const tokens = await newTokens(1000, 'customer_private')
    const broken = openReceiver(postgres.server.port, { fails: () => true })
    expect(await deliverAll(broken.deliver, tokens.slice(0, 100))).toEqual([500])
    expect((await dump()).match(personal)).not.toBeNull()
    const fixed = openReceiver(postgres.server.port, { fails: () => false })
    expect(await deliverAll(fixed.deliver, tokens)).toEqual([200])
    expect((await dump()).match(personal)).toBeNull()

    const failing = await newTokens(20, 'customer_private')
    await deliverAll(broken.deliver, failing)
    expect(await eraseClaims(postgres.observer, { customer: 'customer_private' })).toBe(20)
    expect((await dump()).match(personal)).toBeNull()
    await Promise.all([broken, fixed].map(({ pool }) => pool.end()))
  }, 120_000)

  it('takes over what a killed process has taken, and lets no later event of the customer overtake it', async () => {
    const data = { customer_id: 'customer_1' }
    const tokens = await Promise.all(
      ['2026-05-01T07:00:00.000Z', '2026-05-01T08:00:00.000Z'].map((event_timestamp, index) =>
        issuer.sign(
          billingEventFixture('customer.payment_failed', { event_id: `event_${index}`, event_timestamp, data }),
        ),
      ),
    )
    const broken = openReceiver(postgres.server.port, { fails: () => true })
    for (const token of tokens) await broken.deliver(token)
    await requestRedelivery(postgres.observer, { status: 'failed' }, { reason: 'fixed' })
    // It takes the first one, and never ends.
    void redeliver(broken.pool, { name: 'billing', redeliver: () => new Promise<never>(() => {}) })
    const countTaken = async () =>
      (await postgres.observer.query('select from kinde_billing_deliveries where redelivery_attempts = 1')).rows.length
    await expect.poll(countTaken).toBe(1)

    const fixed = openReceiver(postgres.server.port, { fails: () => false })
    expect(await redeliver(fixed.pool, fixed.receiver)).toEqual({})
    // As if two minutes had passed.
    await postgres.observer.query('update kinde_billing_deliveries set redelivery_due_at = now()')
    expect(await redeliver(fixed.pool, fixed.receiver)).toEqual({ processed: 2 })
    const { rows } = await postgres.observer.query('select event_id from effects')
    expect(rows).toEqual([{ event_id: 'event_0' }, { event_id: 'event_1' }])
    await Promise.all([broken, fixed].map(({ pool }) => pool.end()))
  })

  it('shows what is being handled as in progress', async () => {
    const [token = ''] = await signMany(1)
    const { pool, receiver, deliver } = openReceiver(postgres.server.port, { fails: () => true })
    expect(await deliver(token)).toBe(500)
    const [failed] = (await listDeliveries(postgres.observer, { status: 'failed' })).deliveries
    const details = await readDelivery(postgres.observer, failed?.eventId ?? '')
    expect(details?.claims?.event_id).toBe(failed?.eventId)

    const inbox = createPostgresInbox({ pool })
    const held = {
      ...{ key: failed?.key ?? '', eventId: failed?.eventId ?? '', type: 't', customer: undefined, claims: {} },
      ...{ occurredAt: new Date(), leaseMs: 60_000, retentionMs: 60_000, redelivery: false },
      answered: new AbortController().signal,
    }
    await inbox.once(held, async () => {
      expect((await listDeliveries(postgres.observer, { status: 'in_progress' })).deliveries).toMatchObject([
        { eventId: failed?.eventId },
      ])
      expect((await listDeliveries(postgres.observer, { status: 'failed' })).deliveries).toEqual([])
      await requestRedelivery(postgres.observer, { eventIds: [held.eventId] }, { reason: 'while it runs' })
      expect(await redeliver(pool, receiver)).toEqual({ delivery_in_progress: 1 })
    })
    expect(await redeliver(pool, receiver)).toEqual({})
    expect((await readDelivery(postgres.observer, held.eventId))?.status).toBe('done')
    await pool.end()
  })
})
