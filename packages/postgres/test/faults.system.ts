import type { InboxDelivery } from '@kinde-billing/core/receiver'
import { type CuttableProxy, startProxy } from '@kinde-billing/test-support/cuttable-proxy'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type ScriptProcess, startScript } from '@kinde-billing/test-support/script-process'
import { aborted, newDelivery, nothing, settled, untilNot } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPostgresInbox } from '../src/index.js'
import type { AttemptSettings } from './attempt-process.js'
import { hookedPool } from './hooked-pool.js'
import { usePostgres } from './use-postgres.js'

describe.runIf(isInstalled('postgres'))('a Postgres inbox when things break', () => {
  const postgres = usePostgres('create table effects (event_id text)')
  let proxy: CuttableProxy
  let pool: Pool
  let delivery: InboxDelivery

  beforeAll(async () => {
    proxy = await startProxy(postgres.server.port)
  })
  beforeEach(() => {
    delivery = newDelivery()
    pool = poolOn(proxy.port)
    return () => pool.end()
  })
  afterAll(async () => {
    await proxy.close()
  })

  /** As an application has to: a pool whose idle connections break must not end the process. */
  function poolOn(port: number): Pool {
    return new Pool({ host: '127.0.0.1', port, user: 'postgres' }).on('error', () => {})
  }

  const takeEffect = (client: { query(text: string, values: unknown[]): Promise<unknown> }) =>
    client.query('insert into effects values ($1)', [delivery.eventId])

  async function effects(): Promise<number> {
    const { rows } = await postgres.observer.query('select from effects where event_id = $1', [delivery.eventId])
    return rows.length
  }

  /** The next attempt of the same delivery, again and again while the server still holds the claim of a dead one. */
  const nextAttempt = () =>
    untilNot('in_progress', () =>
      createPostgresInbox({ pool: postgres.observer }).once(delivery, async (tx) => void (await takeEffect(tx))),
    )

  function startAttempt(stopAt: string, leaseMs = 60_000): ScriptProcess {
    const settings: AttemptSettings = { url: postgres.server.url, delivery: { ...delivery, leaseMs }, stopAt }
    return startScript(new URL('./attempt-process.ts', import.meta.url), settings)
  }

  it.each([
    ['between the arrival and the claim', 'claim'],
    ['inside the handler', 'handler'],
    ['between the handler and the mark', 'mark'],
  ])('leaves nothing of a process killed %s, and runs the next attempt', async (_, stopAt) => {
    const attempt = startAttempt(stopAt)
    await attempt.said('stopped')
    await attempt.kill()
    expect(await effects()).toBe(0)
    expect(await nextAttempt()).toBe('processed')
    expect(await effects()).toBe(1)
    const { rows } = await postgres.observer.query('select attempts from kinde_billing_deliveries where key = $1', [
      delivery.key,
    ])
    expect(rows[0].attempts).toBeGreaterThanOrEqual(2)
  })

  it('keeps everything of a process killed after the commit', async () => {
    const attempt = startAttempt('nowhere')
    expect(await attempt.said('outcome')).toBe('processed')
    await attempt.kill()
    expect(await nextAttempt()).toBe('duplicate')
    expect(await effects()).toBe(1)
  })

  it('takes the claim of a frozen process, which cannot commit when it wakes', async () => {
    const attempt = startAttempt('handler', 5000)
    await attempt.said('stopped')
    attempt.send('SIGSTOP')
    expect(await nextAttempt()).toBe('processed')
    attempt.send('SIGCONT')
    await attempt.said('aborted')
    attempt.send('SIGUSR2')
    expect(await attempt.said('outcome')).toContain('rejected')
    await attempt.kill()
    expect(await effects()).toBe(1)
  })

  it('fires the signal, leaves nothing and runs the next attempt if the connection is cut while the handler runs', async () => {
    const attempt = createPostgresInbox({ pool }).once(delivery, async (tx, signal) => {
      await takeEffect(tx)
      proxy.cut()
      await aborted(signal)
      expect((await settled(takeEffect(tx))).status).toBe('rejected')
    })
    expect((await settled(attempt)).status).toBe('rejected')
    expect(pool.totalCount).toBe(0)
    proxy.restore()
    expect(await nextAttempt()).toBe('processed')
    expect(await effects()).toBe(1)
  })

  it('leaves nothing if a connection is cut before the mark', async () => {
    const cutting = hookedPool(pool, (message) => (message === 'mark' ? proxy.cut() : undefined))
    const attempt = createPostgresInbox({ pool: cutting }).once(delivery, async (tx) => void (await takeEffect(tx)))
    expect((await settled(attempt)).status).toBe('rejected')
    proxy.restore()
    expect(await effects()).toBe(0)
    expect(await nextAttempt()).toBe('processed')
    expect(await effects()).toBe(1)
  })

  it('fails the attempt, keeps the effect and finds a duplicate next if the answer of the commit is lost', async () => {
    const silent = hookedPool(pool, (message) => (message === 'mark' ? proxy.mute() : undefined))
    const attempt = createPostgresInbox({ pool: silent }).once({ ...delivery, leaseMs: 500 }, async (tx) => {
      await takeEffect(tx)
    })
    await expect(attempt).rejects.toThrow('The lease of 500 ms is over')
    proxy.restore()
    expect(await nextAttempt()).toBe('duplicate')
    expect(await effects()).toBe(1)
  })

  it('ends the attempt and its claim with the lease if the network goes silent', async () => {
    const attempt = createPostgresInbox({ pool }).once({ ...delivery, leaseMs: 500 }, async (tx) => {
      await takeEffect(tx)
      proxy.stall()
      await takeEffect(tx)
    })
    await expect(attempt).rejects.toThrow('The lease of 500 ms is over')
    expect(pool.totalCount).toBe(0)
    expect(await nextAttempt()).toBe('processed')
    proxy.restore()
    expect(await effects()).toBe(1)
  })

  it('leaves nothing and runs the next attempt if the server restarts while the handler runs', async () => {
    let restarted = Promise.resolve()
    const attempt = createPostgresInbox({ pool }).once(delivery, async (tx, signal) => {
      await takeEffect(tx)
      restarted = postgres.server.restart()
      await aborted(signal)
    })
    expect((await settled(attempt)).status).toBe('rejected')
    await restarted
    expect(await effects()).toBe(0)
    expect(await nextAttempt()).toBe('processed')
    expect(await effects()).toBe(1)
  })

  it('rejects and runs nothing if the server is down', async () => {
    proxy.cut()
    let ran = false
    const attempt = createPostgresInbox({ pool }).once(delivery, async () => {
      ran = true
    })
    expect((await settled(attempt)).status).toBe('rejected')
    expect(ran).toBe(false)
    proxy.restore()
  })

  it('rejects and runs nothing if the server takes no writes, as a replica', async () => {
    const replica = new Pool({ connectionString: postgres.server.url, options: '-c default_transaction_read_only=on' })
    let ran = false
    const attempt = createPostgresInbox({ pool: replica }).once(delivery, async () => {
      ran = true
    })
    await expect(attempt).rejects.toMatchObject({ code: '25006' })
    expect(ran).toBe(false)
    await replica.end()
  })

  it('waits two seconds for a row that another connection holds, and is in progress', async () => {
    await createPostgresInbox({ pool }).once(delivery, nothing)
    const operator = await postgres.observer.connect()
    await operator.query('begin')
    await operator.query('select 1 from kinde_billing_deliveries where key = $1 for update', [delivery.key])
    expect(await createPostgresInbox({ pool }).once(delivery, nothing)).toBe('in_progress')
    await operator.query('rollback')
    operator.release()
    expect(await createPostgresInbox({ pool }).once(delivery, nothing)).toBe('duplicate')
  })
})
