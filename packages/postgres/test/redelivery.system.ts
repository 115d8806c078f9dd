import { createBillingReceiver, type DeliveryOutcome } from '@kinde-billing/core/receiver'
import { type CuttableProxy, startProxy } from '@kinde-billing/test-support/cuttable-proxy'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'
import { settled } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  createPostgresInbox,
  ensureSchema,
  inboxHealth,
  listDeliveries,
  readDelivery,
  redeliver,
  requestRedelivery,
} from '../src/index.js'

const EVENTS = 300

describe.runIf(isInstalled('postgres'))('redelivery on a real Postgres', () => {
  let server: PostgresServer
  let proxy: CuttableProxy
  let issuer: TestIssuer
  let observer: Pool

  beforeAll(async () => {
    server = await startPostgres()
    proxy = await startProxy(server.port)
    issuer = await createTestIssuer()
    observer = new Pool({ connectionString: server.url, max: 3 })
    await ensureSchema(observer)
    await observer.query('create table effects (event_id text)')
  })
  beforeEach(() => observer.query('truncate effects, kinde_billing_deliveries'))
  afterAll(async () => {
    await observer.end()
    await proxy.close()
    await server.close()
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
    const broken = openReceiver(server.port, { fails: () => true })
    const statuses = await Promise.all(tokens.map(broken.deliver))
    expect(new Set(statuses)).toEqual(new Set([500]))
    expect(await requestRedelivery(observer, { status: 'failed' }, { reason: 'fixed' })).toBe(EVENTS)
    expect(await inboxHealth(observer)).toMatchObject({ failing: EVENTS, toRedeliver: EVENTS })

    const fails = () => Math.random() < 0.2
    const processes = Array.from({ length: 4 }, () => openReceiver(proxy.port, { fails }))
    const countOpen = async () =>
      (await observer.query('select from kinde_billing_deliveries where done_at is null')).rows.length
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
      await observer.query('update kinde_billing_deliveries set redelivery_due_at = now() where done_at is null')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    isOver = true
    await Promise.all(redeliverers)

    const { rows: effects } = await observer.query('select event_id from effects')
    expect(effects).toHaveLength(EVENTS)
    expect(new Set(effects.map(({ event_id }) => event_id)).size).toBe(EVENTS)
    const { rows: left } = await observer.query(
      'select from kinde_billing_deliveries where claims is not null or customer is not null or error_message is not null',
    )
    expect(left).toEqual([])
    await Promise.all([broken, ...processes].map(({ pool }) => pool.end()))
  })

  it('shows what is being handled as in progress', async () => {
    const [token = ''] = await signMany(1)
    const { pool, receiver, deliver } = openReceiver(server.port, { fails: () => true })
    expect(await deliver(token)).toBe(500)
    const [failed] = (await listDeliveries(observer, { status: 'failed' })).deliveries
    const details = await readDelivery(observer, failed?.eventId ?? '')
    expect(details?.claims?.event_id).toBe(failed?.eventId)

    const inbox = createPostgresInbox({ pool })
    const held = {
      ...{ key: failed?.key ?? '', eventId: failed?.eventId ?? '', type: 't', customer: undefined, claims: {} },
      ...{ occurredAt: new Date(), leaseMs: 60_000, retentionMs: 60_000, redelivery: false },
      answered: new AbortController().signal,
    }
    await inbox.once(held, async () => {
      expect((await listDeliveries(observer, { status: 'in_progress' })).deliveries).toMatchObject([
        { eventId: failed?.eventId },
      ])
      expect((await listDeliveries(observer, { status: 'failed' })).deliveries).toEqual([])
      await requestRedelivery(observer, { eventIds: [held.eventId] }, { reason: 'while it runs' })
      expect(await redeliver(pool, receiver)).toEqual({ delivery_in_progress: 1 })
    })
    expect(await redeliver(pool, receiver)).toEqual({})
    expect((await readDelivery(observer, held.eventId))?.status).toBe('done')
    await pool.end()
  })
})
