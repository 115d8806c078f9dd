import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redisBinary } from '@kinde-billing/test-support/installed'
import { type RedisServer, startRedis } from '@kinde-billing/test-support/redis-server'
import { freePort, onFreePort, type ServerProcess, startServer } from '@kinde-billing/test-support/server-process'
import { Redis } from 'ioredis'
import { expect } from 'vitest'

/** How long a server must be silent before the others replace it. */
const DOWN_AFTER_MS = '1000'

export interface FailoverServers {
  /** The ports that a client starts from: those of the sentinels, or of the cluster's nodes. */
  readonly ports: readonly number[]
  /** Waits until the replica has everything that the primary wrote so far, then kills the primary. */
  killPrimary(): Promise<void>
  close(): Promise<void>
}

/** Starts a primary, its replica and three sentinels, two of which must agree that the primary is down. */
export async function startSentinels(name: string): Promise<FailoverServers> {
  const primary = await startRedis()
  const replica = await startRedis(['--replicaof', '127.0.0.1', String(primary.port)])
  const sentinels = await Promise.all(Array.from({ length: 3 }, () => startSentinel(name, primary.port)))
  const ports = sentinels.map(({ port }) => port)
  await onEach(ports, (sentinel) =>
    expect
      .poll(async () => readFields(await sentinel.call('SENTINEL', 'MASTER', name)))
      .toMatchObject({
        'num-slaves': '1',
        'num-other-sentinels': '2',
        flags: 'master',
      }),
  )
  return {
    ports,
    killPrimary: () => killReplicated(primary),
    async close() {
      await Promise.all([...sentinels, replica, primary].map((server) => server.close()))
    },
  }
}

/** Starts a cluster of three primaries. The last one, which serves the slots from 10,923 on, has a replica. */
export async function startReplicatedCluster(): Promise<FailoverServers> {
  const nodes = await Promise.all(Array.from({ length: 4 }, startClusterNode))
  const ports = nodes.map(({ port }) => port)
  const [first, second, primary, replica] = nodes
  if (!first || !second || !primary || !replica) throw new Error('Four nodes were started')
  await assignSlots(first, '0', '5460')
  await assignSlots(second, '5461', '10922')
  await assignSlots(primary, '10923', '16383')
  await onEach([first.port], async (node) => {
    for (const { port, bus } of nodes.slice(1)) await node.call('CLUSTER', 'MEET', '127.0.0.1', String(port), bus)
  })
  const info = async (node: Redis): Promise<string> => String(await node.call('CLUSTER', 'INFO'))
  await onEach(ports, (node) => expect.poll(() => info(node)).toContain('cluster_known_nodes:4'))
  const [primaryId] = await onEach([primary.port], async (node) => String(await node.call('CLUSTER', 'MYID')))
  await onEach([replica.port], (node) => node.call('CLUSTER', 'REPLICATE', primaryId ?? ''))
  await onEach(ports, (node) => expect.poll(() => info(node)).toContain('cluster_state:ok'))
  await onEach([primary.port], (node) => expect.poll(() => node.wait(1, 1000)).toBe(1))
  return {
    ports,
    killPrimary: () => killReplicated(primary),
    async close() {
      await Promise.all(nodes.map((node) => node.close()))
    },
  }
}

async function startClusterNode(): Promise<RedisServer & { bus: string }> {
  const bus = String(await freePort())
  const node = await startRedis([
    '--cluster-enabled',
    'yes',
    '--cluster-port',
    bus,
    '--cluster-announce-ip',
    '127.0.0.1',
    '--cluster-node-timeout',
    DOWN_AFTER_MS,
  ])
  return { ...node, bus }
}

async function assignSlots({ port }: RedisServer, from: string, to: string): Promise<void> {
  await onEach([port], (node) => node.call('CLUSTER', 'ADDSLOTSRANGE', from, to))
}

async function startSentinel(name: string, primaryPort: number): Promise<{ port: number; close(): Promise<void> }> {
  if (redisBinary === undefined) throw new Error('redis-server is not installed')
  const binary = redisBinary
  const folder = await mkdtemp(join(tmpdir(), 'inbox-sentinel-'))
  const config = join(folder, 'sentinel.conf')
  const start = async (port: number): Promise<{ port: number; server: ServerProcess }> => {
    await writeFile(
      config,
      [
        'bind 127.0.0.1',
        `port ${port}`,
        `dir ${folder}`,
        `sentinel monitor ${name} 127.0.0.1 ${primaryPort} 2`,
        `sentinel down-after-milliseconds ${name} ${DOWN_AFTER_MS}`,
        `sentinel failover-timeout ${name} 10000`,
        '',
      ].join('\n'),
    )
    // What the command redis-sentinel is.
    return { port, server: await startServer(binary, [config, '--sentinel'], /\+monitor master/) }
  }
  const { port, server } = await onFreePort(start)
  return {
    port,
    async close() {
      await server.stop('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function killReplicated(primary: RedisServer): Promise<void> {
  await onEach([primary.port], async (node) => {
    // The replica receives writes in order, so it has all earlier ones when it has this connection's. The key is one that
    // the primary of the cluster serves.
    await node.set('{a}replicated', '1')
    await expect.poll(() => node.wait(1, 1000)).toBe(1)
  })
  await primary.kill()
}

function onEach<Result>(ports: readonly number[], ask: (node: Redis) => Promise<Result>): Promise<Result[]> {
  return Promise.all(
    ports.map(async (port) => {
      const node = new Redis(port)
      try {
        return await ask(node)
      } finally {
        node.disconnect()
      }
    }),
  )
}

/** Sentinel answers with names and values in turn. */
function readFields(answer: unknown): Record<string, string> {
  const parts = Array.isArray(answer) ? answer.map(String) : []
  return Object.fromEntries(parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1] ?? '']] : [])))
}
