import { type CuttableProxy, startProxy } from '@kinde-billing/test-support/cuttable-proxy'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type RedisServer, startRedis } from '@kinde-billing/test-support/redis-server'
import { newDelivery, nothing } from '@kinde-billing/testing/inbox-contract/attempts'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createRedisInbox, type RedisClient } from '../src/index.js'
import { MARK } from '../src/scripts.js'

/** A client that rejects commands at once while it is not connected, and what closes it. */
type Connect = (port: number) => Promise<{ client: RedisClient; close(): void }>

const connectNodeRedis: Connect = async (port) => {
  const url = `redis://127.0.0.1:${port}`
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: 10 } })
  await client.on('error', () => {}).connect()
  return { client, close: () => client.destroy() }
}

const connectIoRedis: Connect = async (port) => {
  const options = { enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: () => 10, lazyConnect: true }
  const client = new Redis(port, options).on('error', () => {})
  await client.connect()
  return { client, close: () => client.disconnect() }
}

describe.runIf(isInstalled('redis-server'))('a mark that the server does not take at once', () => {
  let server: RedisServer
  let proxy: CuttableProxy
  let observer: Redis
  /** Connected before the server is busy: a busy server greets no new client. */
  let killer: Redis

  beforeAll(async () => {
    server = await startRedis(['--busy-reply-threshold', '10'])
    proxy = await startProxy(server.port)
    observer = new Redis(server.port)
    killer = new Redis(server.port)
    await killer.ping()
  })
  afterEach(() => proxy.restore())
  afterAll(async () => {
    observer.disconnect()
    killer.disconnect()
    await proxy.close()
    await server.close()
  })

  interface Fault {
    begin(): unknown
    /** Called after the mark was refused three times: the first retry alone does not help. */
    end(): unknown
    error: RegExp
  }
  const faults: Record<string, Fault> = {
    'is connected again': {
      begin: () => proxy.cut(),
      end: () => proxy.restore(),
      error: /./,
    },
    'is no longer busy with a script': {
      async begin() {
        observer.eval('while true do end', 0).catch(() => {})
        await expect.poll(() => killer.ping().catch(String)).toContain('BUSY')
      },
      end: () => killer.script('KILL'),
      error: /BUSY/,
    },
    'has its replicas back': {
      begin: () => observer.config('SET', 'min-replicas-to-write', '1'),
      end: () => observer.config('SET', 'min-replicas-to-write', '0'),
      error: /NOREPLICAS/,
    },
    'is no longer a read-only replica': {
      begin: () => observer.replicaof('127.0.0.1', '1'),
      end: () => observer.replicaof('NO', 'ONE'),
      error: /READONLY/,
    },
  }
  const cases = Object.entries(faults).flatMap(([name, fault]) => [
    [name, 'node-redis', fault, connectNodeRedis] as const,
    [name, 'ioredis', fault, connectIoRedis] as const,
  ])

  it.each(cases)('is set once the server %s, through %s, and the handler runs once', async (_, __, fault, connect) => {
    const { client, close } = await connect(proxy.port)
    const refusals: string[] = []
    const inbox = createRedisInbox({ client: endAfterRefusals(client, refusals, fault.end) })
    const delivery = newDelivery()
    let runs = 0
    const work = async () => {
      runs += 1
      await fault.begin()
    }
    expect(await inbox.once(delivery, work)).toBe('processed')
    expect(runs).toBe(1)
    expect(refusals.length).toBeGreaterThanOrEqual(3)
    for (const refusal of refusals.slice(0, 3)) expect(refusal).toMatch(fault.error)
    expect(await createRedisInbox({ client: observer }).once(delivery, nothing)).toBe('duplicate')
    close()
  })
})

/** The same client, which records refusals of the mark and ends the fault after the third. */
function endAfterRefusals(client: RedisClient, refusals: string[], end: () => unknown): RedisClient {
  return new Proxy(client, {
    get(target, name) {
      if (name !== 'eval') return Reflect.get(target, name, target)
      return async (...args: unknown[]) => {
        const attempt: Promise<unknown> = Reflect.apply(Reflect.get(target, 'eval', target), target, args)
        return attempt.catch(async (error: unknown) => {
          if (args[0] === MARK && refusals.push(String(error)) === 3) await end()
          throw error
        })
      }
    },
  })
}
