import { isInstalled } from '@kinde-billing/test-support/installed'
import { newDelivery } from '@kinde-billing/testing/inbox-contract/attempts'
import { Cluster, Redis } from 'ioredis'
import { createCluster, createSentinel } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRedisInbox, type RedisClient } from '../src/index.js'
import { type FailoverServers, startReplicatedCluster, startSentinels } from './failover-servers.js'

const NAME = 'primary'
/** The hash tag places every key on the primary that has a replica. */
const PREFIX = 'kinde-billing:{a}'

interface Connection {
  client: RedisClient
  close(): unknown
}

const nodes = ({ ports }: FailoverServers) => ports.map((port) => ({ host: '127.0.0.1', port }))

async function sentinelOfNodeRedis(servers: FailoverServers): Promise<Connection> {
  const client = createSentinel({ name: NAME, sentinelRootNodes: nodes(servers) }).on('error', () => {})
  await client.connect()
  return { client, close: () => client.destroy() }
}

async function sentinelOfIoRedis(servers: FailoverServers): Promise<Connection> {
  const client = new Redis({ sentinels: nodes(servers), name: NAME }).on('error', () => {})
  await client.ping()
  return { client, close: () => client.disconnect() }
}

async function clusterOfNodeRedis(servers: FailoverServers): Promise<Connection> {
  const client = createCluster({ rootNodes: nodes(servers).map((socket) => ({ socket })) }).on('error', () => {})
  await client.connect()
  return { client, close: () => client.destroy() }
}

async function clusterOfIoRedis(servers: FailoverServers): Promise<Connection> {
  const client = new Cluster(nodes(servers)).on('error', () => {})
  await client.ping()
  return { client, close: () => client.disconnect() }
}

describe.runIf(isInstalled('redis-server'))('a primary that dies while a handler runs', () => {
  it.each([
    ['Sentinel', 'node-redis', () => startSentinels(NAME), sentinelOfNodeRedis],
    ['Sentinel', 'ioredis', () => startSentinels(NAME), sentinelOfIoRedis],
    ['Redis Cluster', 'node-redis', startReplicatedCluster, clusterOfNodeRedis],
    ['Redis Cluster', 'ioredis', startReplicatedCluster, clusterOfIoRedis],
  ])('is replaced by %s, and %s sets the mark on the new one', async (_, __, start, connect) => {
    const servers = await start()
    onTestFinished(() => servers.close())
    const { client, close } = await connect(servers)
    onTestFinished(async () => void (await close()))

    const delivery = newDelivery()
    const inbox = createRedisInbox({ client, prefix: PREFIX })
    let runs = 0
    const work = async () => {
      runs += 1
      await servers.killPrimary()
    }
    expect(await inbox.once(delivery, work)).toBe('processed')
    expect(await inbox.once(delivery, work)).toBe('duplicate')
    expect(runs).toBe(1)

    const next = newDelivery()
    expect(await inbox.once(next, async () => {})).toBe('processed')
    expect(await inbox.once(next, async () => {})).toBe('duplicate')
  })
})
