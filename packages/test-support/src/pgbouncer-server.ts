import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pgBouncerBinary } from './installed.js'
import { unprivileged } from './postgres-server.js'
import { onFreePort, startServer } from './server-process.js'

/** A PgBouncer in front of a Postgres. */
export interface PgBouncerServer {
  readonly port: number
  readonly url: string
  close(): Promise<void>
}

/** Starts PgBouncer in front of the Postgres on `postgresPort`, with `poolSize` connections to it. */
export async function startPgBouncer(
  postgresPort: number,
  { mode, poolSize }: { mode: 'transaction' | 'session'; poolSize: number },
): Promise<PgBouncerServer> {
  if (pgBouncerBinary === undefined) throw new Error('PgBouncer is not installed')
  const binary = pgBouncerBinary
  const folder = await mkdtemp(join(tmpdir(), 'inbox-pgbouncer-'))
  return onFreePort(async (port) => {
    const settings = `[databases]
postgres = host=127.0.0.1 port=${postgresPort} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${poolSize}
max_client_conn = 500
`
    const file = join(folder, 'pgbouncer.ini')
    await writeFile(file, settings)
    const options = unprivileged()
    if (options.uid !== undefined && options.gid !== undefined) {
      await chown(folder, options.uid, options.gid)
      await chown(file, options.uid, options.gid)
    }
    const server = await startServer(binary, [file], /process up/, options)
    return {
      port,
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      async close() {
        await server.stop('SIGKILL')
        await rm(folder, { recursive: true, force: true })
      },
    }
  })
}
