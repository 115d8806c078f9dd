import type { DeliveryInbox, InboxDelivery } from '@kinde-billing/core/receiver'
import { type CuttableProxy, startProxy } from '@kinde-billing/test-support/cuttable-proxy'
import { isInstalled } from '@kinde-billing/test-support/installed'
import {
  type PostgresServer,
  type PostgresStandby,
  startPostgres,
  startStandby,
} from '@kinde-billing/test-support/postgres-server'
import { newDelivery, settled } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool, type PoolClient } from 'pg'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPostgresInbox, ensureSchema } from '../src/index.js'

const EVENTS = 200

describe.runIf(isInstalled('postgres'))('when a standby takes over from a Postgres that crashed', () => {
  let primary: PostgresServer
  let standby: PostgresStandby
  /** Between the application and the primary of the moment, as a DNS name or a virtual address would be. */
  let address: CuttableProxy
  /** Between the standby and the primary. */
  let replication: CuttableProxy
  let pool: Pool
  let inbox: DeliveryInbox<PoolClient>

  beforeEach(async () => {
    primary = await startPostgres()
    address = await startProxy(primary.port)
    replication = await startProxy(primary.port)
    standby = await startStandby(primary, replication.port)
    pool = new Pool({ host: '127.0.0.1', port: address.port, user: 'postgres', max: 8 }).on('error', () => {})
    inbox = createPostgresInbox({ pool })
    await ensureSchema(pool)
    await pool.query('create table effects (event_id text)')
  })
  afterEach(async () => {
    await pool.end()
    await Promise.all([address.close(), replication.close()])
    await Promise.all([primary.close(), standby.close()])
  })

  /** Attempts it until it is done, as Kinde does; `onDone` is called when it answers so. */
  async function deliver(delivery: InboxDelivery, onDone: () => void = () => {}): Promise<void> {
    for (;;) {
      const result = await settled(
        inbox.once(
          delivery,
          async (tx) => void (await tx.query('insert into effects values ($1)', [delivery.eventId])),
        ),
      )
      if (result.status === 'fulfilled' && result.value !== 'in_progress') return onDone()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async function failOver(): Promise<void> {
    address.cut()
    await primary.crash()
    await standby.promote()
    address.redirect(standby.port)
    address.restore()
  }

  /** How often each event has taken effect, and whether it is marked. */
  async function readEvents(): Promise<{ event_id: string; effects: number; is_done: boolean }[]> {
    const { rows } = await pool.query(
      `select event_id, done_at is not null as is_done,
         (select count(*)::int from effects where effects.event_id = delivery.event_id) as effects
       from kinde_billing_deliveries as delivery`,
    )
    return rows
  }

  it('keeps every event that was answered, with a synchronous standby', async () => {
    await pool.query(`alter system set synchronous_standby_names = '*'`)
    await pool.query('select pg_reload_conf()')
    const isSynchronous = async () =>
      (await pool.query("select from pg_stat_replication where sync_state = 'sync'")).rows.length === 1
    await vi.waitUntil(isSynchronous, { timeout: 60_000, interval: 20 })

    const answered = new Set<string>()
    const deliveries = Array.from({ length: EVENTS }, () => newDelivery())
    const all = Promise.all(deliveries.map((one) => deliver(one, () => answered.add(one.eventId))))
    await vi.waitUntil(() => answered.size >= EVENTS / 4, { timeout: 60_000, interval: 1 })
    const answeredBefore = new Set(answered)
    await failOver()
    const kept = new Set((await readEvents()).filter(({ is_done }) => is_done).map(({ event_id }) => event_id))
    expect([...answeredBefore].filter((eventId) => !kept.has(eventId))).toEqual([])
    await all
    expect(new Set((await readEvents()).map(({ effects }) => effects))).toEqual(new Set([1]))
    expect(await readEvents()).toHaveLength(EVENTS)
  })

  it('loses effects and marks together with an asynchronous one, so that no event takes effect twice', async () => {
    const replicated = Array.from({ length: EVENTS / 2 }, () => newDelivery())
    await Promise.all(replicated.map((one) => deliver(one)))
    const { rows } = await pool.query<{ lsn: string }>('select pg_current_wal_lsn() as lsn')
    const hasCaughtUp = async () =>
      (await pool.query('select from pg_stat_replication where replay_lsn >= $1::pg_lsn', [rows[0]?.lsn])).rows.length >
      0
    await vi.waitUntil(hasCaughtUp, { timeout: 60_000, interval: 20 })
    replication.stall()
    const lost = Array.from({ length: EVENTS / 2 }, () => newDelivery())
    await Promise.all(lost.map((one) => deliver(one)))
    await failOver()

    const events = await readEvents()
    expect(events.filter(({ effects, is_done }) => effects !== (is_done ? 1 : 0))).toEqual([])
    expect(events).toHaveLength(EVENTS / 2)
    await Promise.all([...replicated, ...lost].map((one) => deliver(one)))
    expect(new Set((await readEvents()).map(({ effects }) => effects))).toEqual(new Set([1]))
    expect(await readEvents()).toHaveLength(EVENTS)
  })
})
