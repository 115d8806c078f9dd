import type { DeliveryInbox } from '@kinde-billing/core/receiver'
import { Redis as UpstashRedis } from '@upstash/redis'
import { Cluster, Redis } from 'ioredis'
import { createClient, createClientPool, createCluster, createSentinel, RESP_TYPES } from 'redis'
import { describe, expectTypeOf, it } from 'vitest'
import { createRedisInbox, type RedisClient } from './index.js'

describe('the client', () => {
  it('accepts the clients of node-redis', () => {
    expectTypeOf(createClient()).toExtend<RedisClient>()
    expectTypeOf(createClient({ RESP: 3 })).toExtend<RedisClient>()
    expectTypeOf(createClient().withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })).toExtend<RedisClient>()
    expectTypeOf(createClientPool()).toExtend<RedisClient>()
    expectTypeOf(createCluster({ rootNodes: [] })).toExtend<RedisClient>()
    expectTypeOf(createSentinel({ name: 'primary', sentinelRootNodes: [] })).toExtend<RedisClient>()
  })

  it('accepts the clients of ioredis', () => {
    expectTypeOf(new Redis()).toExtend<RedisClient>()
    expectTypeOf(new Cluster([])).toExtend<RedisClient>()
  })

  it('accepts the client of @upstash/redis', () => {
    expectTypeOf(new UpstashRedis({ url: 'https://acme.upstash.io', token: 't' })).toExtend<RedisClient>()
  })

  it('refuses everything else', () => {
    // @ts-expect-error a URL is not a client
    createRedisInbox({ client: 'redis://127.0.0.1:6379' })
    // @ts-expect-error the application brings the client
    createRedisInbox({})
  })
})

it('gives handlers no tx', () => {
  expectTypeOf(createRedisInbox({ client: createClient() })).toEqualTypeOf<DeliveryInbox<undefined>>()
})
