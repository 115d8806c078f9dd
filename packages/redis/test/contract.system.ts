import { isInstalled } from '@kinde-billing/test-support/installed'
import { type RedisServer, startRedis, startRedisCluster } from '@kinde-billing/test-support/redis-server'
import { describeInbox, type InboxUnderTest } from '@kinde-billing/testing/inbox-contract'
import { Redis as UpstashRedis } from '@upstash/redis'
import { Cluster, Redis } from 'ioredis'
import { createClient, createClientPool, createCluster } from 'redis'
import { afterAll, beforeAll, describe } from 'vitest'
import { createRedisInbox } from '../src/index.js'
import { startUpstashBridge } from './upstash-bridge.js'

describe.runIf(isInstalled('redis-server'))('on a real Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.close())

  describeInbox('a Redis inbox on node-redis', async () => {
    const clients = [createClient({ url: server.url }), createClient({ url: server.url })] as const
    const [client, another] = await Promise.all([clients[0].connect(), clients[1].connect()])
    return {
      inbox: createRedisInbox({ client }),
      other: createRedisInbox({ client: another }),
      close: () => {
        client.destroy()
        another.destroy()
      },
    }
  })

  describeInbox('a Redis inbox on a pool of node-redis', async () => {
    const pool = createClientPool({ url: server.url })
    await pool.connect()
    return { inbox: createRedisInbox({ client: pool, prefix: 'pool:' }), close: () => pool.destroy() }
  })

  describeInbox('a Redis inbox on ioredis', (): InboxUnderTest<undefined> => {
    const [client, another] = [new Redis(server.port), new Redis(server.port)]
    return {
      inbox: createRedisInbox({ client, prefix: 'ioredis:' }),
      other: createRedisInbox({ client: another, prefix: 'ioredis:' }),
      close: () => {
        client.disconnect()
        another.disconnect()
      },
    }
  })

  describeInbox('a Redis inbox on @upstash/redis', async () => {
    const bridge = await startUpstashBridge(server.port)
    const connect = () => new UpstashRedis({ url: bridge.url, token: 'token', enableTelemetry: false })
    return {
      inbox: createRedisInbox({ client: connect(), prefix: 'upstash:' }),
      other: createRedisInbox({ client: connect(), prefix: 'upstash:' }),
      close: () => bridge.close(),
    }
  })
})

describe.runIf(isInstalled('redis-server'))('on a Redis Cluster', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisCluster()
  })
  afterAll(() => server.close())

  describeInbox('a Redis inbox on a cluster of node-redis', async () => {
    const client = await createCluster({ rootNodes: [{ url: server.url }] }).connect()
    return { inbox: createRedisInbox({ client }), close: () => client.destroy() }
  })

  describeInbox('a Redis inbox on a cluster of ioredis', () => {
    const client = new Cluster([{ host: '127.0.0.1', port: server.port }])
    return { inbox: createRedisInbox({ client, prefix: 'ioredis:' }), close: () => client.disconnect() }
  })
})
