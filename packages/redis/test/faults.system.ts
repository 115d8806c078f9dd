import type { InboxDelivery } from '@kinde-billing/core/receiver'
import { type CuttableProxy, startProxy } from '@kinde-billing/test-support/cuttable-proxy'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type RedisServer, startRedis } from '@kinde-billing/test-support/redis-server'
import { type ScriptProcess, startScript } from '@kinde-billing/test-support/script-process'
import { aborted, newDelivery, nothing, settled, untilNot } from '@kinde-billing/testing/inbox-contract/attempts'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRedisInbox, type IoRedisClient, type NodeRedisClient } from '../src/index.js'
import { CLAIM, MARK } from '../src/scripts.js'
import type { AttemptSettings } from './attempt-process.js'

describe.runIf(isInstalled('redis-server'))('a Redis inbox when things break', () => {
  let server: RedisServer
  let proxy: CuttableProxy
  let observer: Redis
  /** A client that sends again, once it is connected again, whatever was not answered. */
  let client: Redis
  let delivery: InboxDelivery

  beforeAll(async () => {
    server = await startRedis()
    proxy = await startProxy(server.port)
    observer = new Redis(server.port).on('error', () => {})
  })
  beforeEach(async () => {
    delivery = newDelivery()
    proxy.mend()
    client = new Redis(proxy.port, { retryStrategy: () => 10 }).on('error', () => {})
    await client.ping()
    return () => client.disconnect()
  })
  afterAll(async () => {
    observer.disconnect()
    await proxy.close()
    await server.close()
  })

  const key = () => `kinde-billing:${delivery.key}`
  const run = async () => void (await observer.incr(`runs of ${delivery.eventId}`))
  const runs = async () => Number(await observer.get(`runs of ${delivery.eventId}`))
  const nextAttempt = () => createRedisInbox({ client: observer }).once(delivery, run)

  function startAttempt(stopAt: AttemptSettings['stopAt'], leaseMs: number): ScriptProcess {
    const settings: AttemptSettings = { url: server.url, delivery: { ...delivery, leaseMs }, stopAt }
    return startScript(new URL('./attempt-process.ts', import.meta.url), settings)
  }

  it.each([
    ['between the claim and the handler', 'after the claim', 1],
    ['inside the handler', 'in the handler', 2],
    ['between the handler and the mark', 'before the mark', 2],
  ] as const)(
    'a process killed %s: in progress until its lease is over, then the next attempt runs',
    async (_, stopAt, expected) => {
      const attempt = startAttempt(stopAt, 1000)
      await attempt.said('stopped')
      await attempt.kill()
      expect(await nextAttempt()).toBe('in_progress')
      expect(await untilNot('in_progress', nextAttempt)).toBe('processed')
      expect(await nextAttempt()).toBe('duplicate')
      expect(await runs()).toBe(expected)
    },
  )

  it('a process killed after the mark: a duplicate', async () => {
    const attempt = startAttempt('nowhere', 60_000)
    expect(await attempt.said('outcome')).toBe('processed')
    await attempt.kill()
    expect(await nextAttempt()).toBe('duplicate')
    expect(await runs()).toBe(1)
  })

  it('a frozen process is taken over, and its mark does not count when it wakes', async () => {
    const attempt = startAttempt('in the handler', 500)
    await attempt.said('stopped')
    attempt.send('SIGSTOP')
    expect(await untilNot('in_progress', nextAttempt)).toBe('processed')
    attempt.send('SIGCONT')
    await attempt.said('aborted')
    attempt.send('SIGUSR2')
    expect(await attempt.said('outcome')).toContain('rejected Error: The claim was lost')
    await attempt.kill()
  })

  it('an attempt that ends after its lease is marked all the same, where nobody has taken over', async () => {
    const attempt = createRedisInbox({ client }).once({ ...delivery, leaseMs: 50 }, async (_, signal) =>
      aborted(signal),
    )
    expect(await attempt).toBe('processed')
    expect(await nextAttempt()).toBe('duplicate')
  })

  it.each([
    ['claim', 'node-redis', CLAIM],
    ['claim', 'ioredis', CLAIM],
    ['mark', 'node-redis', MARK],
    ['mark', 'ioredis', MARK],
  ])(
    'the answer to the %s is lost with the connection of %s: it is sent again, and counts once',
    async (_, kind, script) => {
      const nodeRedis = createClient({ url: `redis://127.0.0.1:${proxy.port}` }).on('error', () => {})
      await nodeRedis.connect()
      /** Breaks the connection after the server has run the script, and before the client hears of it. */
      async function losingFirstAnswer(sent: string, send: () => Promise<unknown>): Promise<unknown> {
        if (sent !== script || isLost) return send()
        isLost = true
        proxy.mute()
        const before = await observer.get(key())
        const answer = send()
        answer.catch(() => {})
        await expect.poll(() => observer.get(key())).not.toBe(before)
        proxy.cut()
        proxy.mend()
        return answer
      }
      let isLost = false
      const losingNodeRedis: NodeRedisClient = {
        eval: (sent, options) => losingFirstAnswer(sent, () => nodeRedis.eval(sent, options)),
      }
      const losingIoRedis: IoRedisClient = {
        eval: (sent, keyCount, ...args) => losingFirstAnswer(sent, () => client.eval(sent, keyCount, ...args)),
        defineCommand: () => {},
      }
      const losing = kind === 'ioredis' ? losingIoRedis : losingNodeRedis
      expect(await createRedisInbox({ client: losing }).once(delivery, run)).toBe('processed')
      expect(await nextAttempt()).toBe('duplicate')
      expect(await runs()).toBe(1)
      nodeRedis.destroy()
    },
  )

  it('a connection cut for good at the mark: rejects, and the claim stands until its lease is over', async () => {
    const hasty = createClient({ url: `redis://127.0.0.1:${proxy.port}`, disableOfflineQueue: true })
    await hasty.on('error', () => {}).connect()
    const attempt = createRedisInbox({ client: hasty }).once({ ...delivery, leaseMs: 500 }, async () => {
      await run()
      proxy.cut()
    })
    expect((await settled(attempt)).status).toBe('rejected')
    expect(await untilNot('in_progress', nextAttempt)).toBe('processed')
    expect(await runs()).toBe(2)
    proxy.mend()
    hasty.destroy()
  })

  it('a server restarted while the handler runs: its claim is still there, and the mark is set', async () => {
    const attempt = createRedisInbox({ client }).once(delivery, async () => {
      await server.restart()
      expect(await nextAttempt()).toBe('in_progress')
    })
    expect(await attempt).toBe('processed')
    expect(await nextAttempt()).toBe('duplicate')
  })

  it('a claim that the store has lost: the signal fires, and the mark does not count', async () => {
    const attempt = createRedisInbox({ client }).once({ ...delivery, leaseMs: 2000 }, async (_, signal) => {
      await observer.flushall()
      expect(await nextAttempt()).toBe('processed')
      await aborted(signal)
      expect(signal.reason.message).toBe('The claim was lost in the store')
    })
    await expect(attempt).rejects.toThrow('The claim was lost before the mark')
    expect(await runs()).toBe(1)
  })

  it('a server that is down: rejects, and runs nothing', async () => {
    const hasty = new Redis(proxy.port, { maxRetriesPerRequest: 0, retryStrategy: () => 10 }).on('error', () => {})
    proxy.cut()
    expect((await settled(createRedisInbox({ client: hasty }).once(delivery, run))).status).toBe('rejected')
    expect(await runs()).toBe(0)
    proxy.mend()
    hasty.disconnect()
  })

  it.each([
    ['is a replica', 'min-replicas-to-write', '1', '0', 'NOREPLICAS'],
    ['is full', 'maxmemory', '1', '0', 'OOM'],
  ])(
    'a server that takes no writes, for it %s: rejects at the claim and at the mark',
    async (_, name, on, off, error) => {
      await observer.config('SET', name, on)
      await expect(createRedisInbox({ client }).once(delivery, nothing)).rejects.toThrow(error)
      await observer.config('SET', name, off)
      const attempt = createRedisInbox({ client }).once(
        delivery,
        async () => void (await observer.config('SET', name, on)),
      )
      await expect(attempt).rejects.toThrow(error)
      await observer.config('SET', name, off)
      expect(await createRedisInbox({ client }).once(delivery, nothing)).toBe('in_progress')
    },
  )

  it('a key that somebody else has written: rejects, and runs nothing', async () => {
    await observer.set(key(), 'something else')
    await expect(createRedisInbox({ client }).once(delivery, run)).rejects.toThrow('the inbox has not written')
    expect(await runs()).toBe(0)
  })

  it('every key ends by itself: a mark with retentionMs, a claim not before its lease', async () => {
    await createRedisInbox({ client }).once({ ...delivery, leaseMs: 60_000, retentionMs: 10_000 }, async () => {
      expect(await observer.pttl(key())).toBeGreaterThan(50_000)
    })
    expect(await observer.pttl(key())).toBeGreaterThan(5000)
    expect(await observer.pttl(key())).toBeLessThanOrEqual(10_000)
  })
})
