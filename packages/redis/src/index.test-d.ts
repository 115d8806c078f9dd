import type { DeliveryInbox } from '@kinde-billing/core/receiver'
import { Cluster, Redis } from 'ioredis'
import { createClient, createClientPool, createCluster, createSentinel, RESP_TYPES } from 'redis'
import { describe, expectTypeOf, it } from 'vitest'
import { createRedisInbox, type RedisClient } from './index.js'

describe('the client', () => {
  it('is one of node-redis', () => {
    expectTypeOf(createClient()).toExtend<RedisClient>()
    expectTypeOf(createClient({ RESP: 3 })).toExtend<RedisClient>()
    expectTypeOf(createClient().withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })).toExtend<RedisClient>()
    expectTypeOf(createClientPool()).toExtend<RedisClient>()
    expectTypeOf(createCluster({ rootNodes: [] })).toExtend<RedisClient>()
    expectTypeOf(createSentinel({ name: 'primary', sentinelRootNodes: [] })).toExtend<RedisClient>()
  })

  it('is one of ioredis', () => {
    expectTypeOf(new Redis()).toExtend<RedisClient>()
    expectTypeOf(new Cluster([])).toExtend<RedisClient>()
  })

  it('is nothing else', () => {
    // @ts-expect-error a URL is not a client
    createRedisInbox({ client: 'redis://127.0.0.1:6379' })
    // @ts-expect-error the application brings the client
    createRedisInbox({})
  })
})

it('lends handlers no tx', () => {
  expectTypeOf(createRedisInbox({ client: createClient() })).toEqualTypeOf<DeliveryInbox<undefined>>()
})
