import { describeLedger, type LedgerUnderTest } from '@kinde-billing/testing/ledger-contract'
import { Cluster, Redis } from 'ioredis'
import { createClient, createClientPool, createCluster } from 'redis'
import { afterAll, beforeAll, describe } from 'vitest'
import { isInstalled } from '../../../test/stores/installed.js'
import { type RedisServer, startRedis, startRedisCluster } from '../../../test/stores/redis-server.js'
import { createRedisLedger } from '../src/index.js'

describe.runIf(isInstalled('redis-server'))('on a real Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.close())

  describeLedger('a Redis ledger on node-redis', async () => {
    const clients = [createClient({ url: server.url }), createClient({ url: server.url })] as const
    const [client, another] = await Promise.all([clients[0].connect(), clients[1].connect()])
    return {
      ledger: createRedisLedger({ client }),
      other: createRedisLedger({ client: another }),
      close: () => {
        client.destroy()
        another.destroy()
      },
    }
  })

  describeLedger('a Redis ledger on a pool of node-redis', async () => {
    const pool = createClientPool({ url: server.url })
    await pool.connect()
    return { ledger: createRedisLedger({ client: pool, prefix: 'pool:' }), close: () => pool.destroy() }
  })

  describeLedger('a Redis ledger on ioredis', (): LedgerUnderTest<undefined> => {
    const [client, another] = [new Redis(server.port), new Redis(server.port)]
    return {
      ledger: createRedisLedger({ client, prefix: 'ioredis:' }),
      other: createRedisLedger({ client: another, prefix: 'ioredis:' }),
      close: () => {
        client.disconnect()
        another.disconnect()
      },
    }
  })
})

describe.runIf(isInstalled('redis-server'))('on a Redis Cluster', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisCluster()
  })
  afterAll(() => server.close())

  describeLedger('a Redis ledger on a cluster of node-redis', async () => {
    const client = await createCluster({ rootNodes: [{ url: server.url }] }).connect()
    return { ledger: createRedisLedger({ client }), close: () => client.destroy() }
  })

  describeLedger('a Redis ledger on a cluster of ioredis', () => {
    const client = new Cluster([{ host: '127.0.0.1', port: server.port }])
    return { ledger: createRedisLedger({ client, prefix: 'ioredis:' }), close: () => client.disconnect() }
  })
})
