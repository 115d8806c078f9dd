import type { InboxDelivery } from '@kinde-billing/core/receiver'
import { type CuttableProxy, startProxy } from '@kinde-billing/test-support/cuttable-proxy'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type RedisServer, startRedis } from '@kinde-billing/test-support/redis-server'
import { type ScriptProcess, startScript } from '@kinde-billing/test-support/script-process'
import { aborted, newDelivery, settled, untilNot } from '@kinde-billing/testing/inbox-contract/attempts'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRedisInbox, type IoRedisClient, type NodeRedisClient } from '../src/index.js'
import { CLAIM, MARK } from '../src/scripts.js'
import type { AttemptSettings } from './attempt-process.js'

describe.runIf(isInstalled('redis-server'))('a Redis inbox when something breaks', () => {
  let server: RedisServer
  let proxy: CuttableProxy
  let observer: Redis
  /** A client that reconnects, and sends everything again that was not answered. */
  let client: Redis
  let delivery: InboxDelivery

  beforeAll(async () => {
    server = await startRedis()
    proxy = await startProxy(server.port)
    observer = new Redis(server.port).on('error', () => {})
  })
  beforeEach(async () => {
    delivery = newDelivery()
    proxy.restore()
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
  ] as const)('runs the next attempt once the lease of a process killed %s is over', async (_, stopAt, expected) => {
    const attempt = startAttempt(stopAt, 1000)
    await attempt.said('stopped')
    await attempt.kill()
    expect(await nextAttempt()).toBe('in_progress')
    expect(await untilNot('in_progress', nextAttempt)).toBe('processed')
    expect(await nextAttempt()).toBe('duplicate')
    expect(await runs()).toBe(expected)
  })

  it('answers duplicate for a process killed after the mark', async () => {
    const attempt = startAttempt('nowhere', 60_000)
    expect(await attempt.said('outcome')).toBe('processed')
    await attempt.kill()
    expect(await nextAttempt()).toBe('duplicate')
    expect(await runs()).toBe(1)
  })

  it('takes over from a frozen process, and refuses its mark when it wakes', async () => {
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

  it('marks an attempt that ends after its lease, if no other took over', async () => {
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
    'sends the %s again and counts it once if its answer is lost with the connection of %s',
    async (_, kind, script) => {
      const nodeRedis = createClient({ url: `redis://127.0.0.1:${proxy.port}` }).on('error', () => {})
      await nodeRedis.connect()
      /** Breaks the connection after the server has run the script and before its answer arrives. */
      async function losingFirstAnswer(sent: string, send: () => Promise<unknown>): Promise<unknown> {
        if (sent !== script || isLost) return send()
        isLost = true
        proxy.mute()
        const before = await observer.hgetall(key())
        const answer = send()
        answer.catch(() => {})
        await expect.poll(() => observer.hgetall(key())).not.toEqual(before)
        proxy.cut()
        proxy.restore()
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

  it('rejects at the mark if the connection stays cut until the lease ends', async () => {
    const hasty = createClient({ url: `redis://127.0.0.1:${proxy.port}`, disableOfflineQueue: true })
    await hasty.on('error', () => {}).connect()
    const attempt = createRedisInbox({ client: hasty }).once({ ...delivery, leaseMs: 500 }, async () => {
      await run()
      proxy.cut()
    })
    expect((await settled(attempt)).status).toBe('rejected')
    expect(await untilNot('in_progress', nextAttempt)).toBe('processed')
    expect(await runs()).toBe(2)
    proxy.restore()
    hasty.destroy()
  })

  it('finds the claim and sets the mark after a restart of the server during the handler', async () => {
    const attempt = createRedisInbox({ client }).once(delivery, async () => {
      await server.restart()
      expect(await nextAttempt()).toBe('in_progress')
    })
    expect(await attempt).toBe('processed')
    expect(await nextAttempt()).toBe('duplicate')
  })

  it('fires the signal and refuses the mark if the store has lost the claim', async () => {
    const attempt = createRedisInbox({ client }).once({ ...delivery, leaseMs: 2000 }, async (_, signal) => {
      await observer.flushall()
      expect(await nextAttempt()).toBe('processed')
      await aborted(signal)
      expect(signal.reason.message).toBe('The claim was lost in the store')
    })
    await expect(attempt).rejects.toThrow('The claim was lost before the mark')
    expect(await runs()).toBe(1)
  })

  it('rejects and runs nothing if the server is down', async () => {
    const hasty = new Redis(proxy.port, { maxRetriesPerRequest: 0, retryStrategy: () => 10 }).on('error', () => {})
    proxy.cut()
    expect((await settled(createRedisInbox({ client: hasty }).once(delivery, run))).status).toBe('rejected')
    expect(await runs()).toBe(0)
    proxy.restore()
    hasty.disconnect()
  })

  it('rejects and runs nothing if the server has no replica to write to', async () => {
    await observer.config('SET', 'min-replicas-to-write', '1')
    await expect(createRedisInbox({ client }).once(delivery, run)).rejects.toThrow('NOREPLICAS')
    await observer.config('SET', 'min-replicas-to-write', '0')
    expect(await runs()).toBe(0)
  })

  describe('a full server with maxmemory-policy noeviction', () => {
    beforeEach(() => {
      return () => observer.config('SET', 'maxmemory', '0')
    })
    const fill = () => observer.config('SET', 'maxmemory', '1')

    it('rejects at the claim, and runs nothing', async () => {
      await fill()
      const work = async () => {
        throw new Error('must not run')
      }
      await expect(createRedisInbox({ client }).once(delivery, work)).rejects.toThrow('OOM')
    })

    it('takes the mark of a handler that ran', async () => {
      expect(await createRedisInbox({ client }).once(delivery, async () => void (await fill()))).toBe('processed')
      expect(await nextAttempt()).toBe('duplicate')
    })

    it('takes the release of a handler that failed', async () => {
      const failing = async () => {
        await fill()
        throw new Error('the handler fails')
      }
      await expect(createRedisInbox({ client }).once(delivery, failing)).rejects.toThrow('the handler fails')
      expect(await observer.exists(key())).toBe(0)
    })
  })

  it.each(['a string', 'a hash'])(
    'rejects and runs nothing if the key holds %s that the inbox did not write',
    async (kind) => {
      await (kind === 'a hash' ? observer.hset(key(), 'name', 'value') : observer.set(key(), 'value'))
      await expect(createRedisInbox({ client }).once(delivery, run)).rejects.toThrow('the inbox did not write')
      expect(await runs()).toBe(0)
    },
  )

  it('lets every key expire: a mark with retentionMs, a claim not before its lease', async () => {
    await createRedisInbox({ client }).once({ ...delivery, leaseMs: 60_000, retentionMs: 10_000 }, async () => {
      expect(await observer.pttl(key())).toBeGreaterThan(50_000)
    })
    expect(await observer.pttl(key())).toBeGreaterThan(5000)
    expect(await observer.pttl(key())).toBeLessThanOrEqual(10_000)
  })
})
