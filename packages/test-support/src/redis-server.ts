import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { redisBinary } from './installed.js'
import { freePort, onFreePort, type ServerProcess, startServer } from './server-process.js'

/** Loopback only, and every write is on the disk before its answer. */
const SETTINGS = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes', '--appendfsync', 'always']

/** An empty Redis server that belongs to the test. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  /** Kills it with SIGKILL and starts it again on the same port and data. */
  restart(): Promise<void>
  /** Kills it with SIGKILL, for good. */
  kill(): Promise<void>
  close(): Promise<void>
}

/**
 * Starts `redis-server` on a free port, in a new folder.
 *
 * @param settings - Arguments of its command line, such as `['--maxmemory', '10mb']`.
 */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  if (redisBinary === undefined) throw new Error('redis-server is not installed')
  const binary = redisBinary
  const folder = await mkdtemp(join(tmpdir(), 'inbox-redis-'))
  const start = (port: number): Promise<ServerProcess> =>
    startServer(
      binary,
      ['--port', String(port), '--dir', folder, ...SETTINGS, ...settings],
      /Ready to accept connections/,
    )

  return onFreePort(async (port) => {
    let server = await start(port)
    return {
      port,
      url: `redis://127.0.0.1:${port}`,
      async restart() {
        await server.stop('SIGKILL')
        server = await start(port)
      },
      kill: () => server.stop('SIGKILL'),
      async close() {
        await server.stop('SIGKILL')
        await rm(folder, { recursive: true, force: true })
      },
    }
  })
}

/** Starts a cluster of one node that serves every slot. Like any cluster, it refuses a command on keys of two slots. */
export async function startRedisCluster(): Promise<RedisServer> {
  const bus = String(await freePort())
  const server = await startRedis([
    '--cluster-enabled',
    'yes',
    '--cluster-port',
    bus,
    '--cluster-announce-ip',
    '127.0.0.1',
  ])
  const socket = connect(server.port, '127.0.0.1').setEncoding('utf8')
  socket.write('CLUSTER ADDSLOTSRANGE 0 16383\r\n')
  // A node that has just started takes two seconds to call the cluster whole.
  for await (const answer of socket) {
    if (String(answer).includes('cluster_state:ok')) break
    await wait(50)
    socket.write('CLUSTER INFO\r\n')
  }
  return server
}
