import { createWebHandler } from '@kinde-billing/core/receiver'
import { type CuttableProxy, startProxy } from '@kinde-billing/test-support/cuttable-proxy'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type RedisServer, startRedis } from '@kinde-billing/test-support/redis-server'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'
import { latch } from '@kinde-billing/testing/inbox-contract/attempts'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRedisInbox } from '../src/index.js'

describe.runIf(isInstalled('redis-server'))('a receiver whose Redis fails', () => {
  let server: RedisServer
  let proxy: CuttableProxy
  let issuer: TestIssuer
  let client: Redis
  let token: string
  let runs: number

  beforeAll(async () => {
    server = await startRedis()
    proxy = await startProxy(server.port)
    issuer = await createTestIssuer()
  })
  beforeEach(async () => {
    runs = 0
    token = await issuer.sign(billingEventFixture('customer.payment_failed', { event_id: crypto.randomUUID() }))
    client = new Redis(proxy.port, { retryStrategy: () => 10, maxRetriesPerRequest: null }).on('error', () => {})
    await client.ping()
  })
  afterEach(() => {
    proxy.restore()
    client.disconnect()
  })
  afterAll(async () => {
    await proxy.close()
    await server.close()
  })

  function receiver(meanwhile: () => void | Promise<void> = () => {}, timeouts = {}) {
    const handle = createWebHandler({
      issuer: issuer.issuer,
      jwks: issuer.jwks,
      name: 'billing',
      inbox: createRedisInbox({ client }),
      inboxTimeoutMs: 300,
      ...timeouts,
      onOutcome: () => {},
      on: {
        'customer.payment_failed': async () => {
          runs += 1
          await meanwhile()
        },
      },
    })
    return async () => {
      const response = await handle(new Request('http://127.0.0.1', { method: 'POST', body: token }))
      return [response.status, await response.json()]
    }
  }

  const unavailable = [503, { error: 'inbox_unavailable' }]

  it.each(['cut', 'stall'] as const)(
    'answers 503 within the timeout if Redis fails at the claim (%s), and runs nothing for a claim granted later',
    async (fault) => {
      const post = receiver()
      proxy[fault]()
      expect(await post()).toEqual(unavailable)
      expect(runs).toBe(0)
      proxy.restore()
      await expect.poll(post).toEqual([200, { status: 'processed' }])
      expect(runs).toBe(1)
    },
  )

  it.each(['cut', 'stall'] as const)(
    'answers 503 within the timeout if Redis fails at the mark (%s), and duplicate once the mark is set',
    async (fault) => {
      expect(await receiver(() => proxy[fault]())()).toEqual(unavailable)
      proxy.restore()
      await expect.poll(receiver()).toEqual([200, { status: 'duplicate' }])
      expect(runs).toBe(1)
    },
  )

  it('answers 503 and then 409 for a handler that takes too long, and marks it when it ends', async () => {
    const end = latch()
    const post = receiver(() => end.opened, { handlerTimeoutMs: 100 })
    expect(await post()).toEqual([503, { error: 'handler_timeout' }])
    expect(await post()).toEqual([409, { error: 'delivery_in_progress' }])
    end.open()
    await expect.poll(post).toEqual([200, { status: 'duplicate' }])
    expect(runs).toBe(1)
  })
})
