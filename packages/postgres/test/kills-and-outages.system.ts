import { startProxy } from '@kinde-billing/test-support/cuttable-proxy'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { deliverThroughFaults, killOne, startReceiver } from '@kinde-billing/test-support/receiver-processes'
import { startRunLog } from '@kinde-billing/test-support/run-log'
import { billingEventFixture } from '@kinde-billing/testing'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { describe, expect, it } from 'vitest'
import { usePostgres } from './use-postgres.js'

const RECEIVER = new URL('./receiver-process.ts', import.meta.url)
const EVENTS = 1000

describe.runIf(isInstalled('postgres'))('two processes that are killed, on a Postgres that fails', () => {
  const postgres = usePostgres('create table effects (event_id text)')

  it('lose none of 1,000 events that come three times each, and handle none twice', async () => {
    const [issuer, log, proxy] = await Promise.all([startTestIssuer(), startRunLog(), startProxy(postgres.server.port)])
    const storeUrl = `postgres://postgres@127.0.0.1:${proxy.port}/postgres`
    const settings = { issuer: issuer.issuer, storeUrl, log: log.url }
    const killed = new Set<string>()
    const receivers = await Promise.all([
      startReceiver(RECEIVER, settings, killed),
      startReceiver(RECEIVER, settings, killed),
    ])
    const eventIds = Array.from({ length: EVENTS }, () => crypto.randomUUID())
    const tokens = await Promise.all(
      eventIds.map((event_id) => issuer.sign(billingEventFixture('customer.payment_succeeded', { event_id }))),
    )

    const kill = () => killOne(receivers)
    const cut = async () => {
      // Whatever is under way is done, and its answers are lost.
      proxy.mute()
      await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()))
      proxy.cut()
      proxy.restore()
    }
    const crash = () => postgres.server.restart()
    await deliverThroughFaults(tokens, receivers, [kill, cut, crash, cut, kill, cut, kill, crash, kill, cut, kill, cut])

    const { rows: effects } = await postgres.observer.query<{ event_id: string; count: number }>(
      'select event_id, count(*)::int as count from effects group by event_id order by event_id',
    )
    expect(effects).toEqual(eventIds.sort().map((event_id) => ({ event_id, count: 1 })))
    const { rows: open } = await postgres.observer.query(
      'select from kinde_billing_deliveries where done_at is null or claims is not null',
    )
    expect(open).toEqual([])
    // Otherwise no fault interrupted a handler.
    expect(log.runs.length).toBeGreaterThan(EVENTS)
    expect(killed.size).toBe(5)

    await Promise.all([...receivers.map((receiver) => receiver.stop()), log.close(), issuer.close(), proxy.close()])
  }, 600_000)
})
