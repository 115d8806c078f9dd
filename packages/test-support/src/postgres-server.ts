import { execFileSync, type SpawnOptions } from 'node:child_process'
import { chownSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresBinaries } from './installed.js'
import { onFreePort, type ServerProcess, startServer } from './server-process.js'

/** A Postgres server of the test's own, with an empty database. */
export interface PostgresServer {
  readonly port: number
  readonly url: string
  /** Ends it as a crash would, and starts it again on the same port and data. */
  restart(): Promise<void>
  close(): Promise<void>
}

/**
 * Starts Postgres on a free port and a folder of its own. `settings` are given as `-c` takes them. By default nothing waits
 * for the disk: the data need outlive a crash of the server, not of the machine.
 */
export async function startPostgres(settings: readonly string[] = ['fsync=off']): Promise<PostgresServer> {
  if (postgresBinaries === undefined) throw new Error('Postgres is not installed')
  const binaries = postgresBinaries
  const folder = await mkdtemp(join(tmpdir(), 'inbox-postgres-'))
  const owner = notRoot()
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']
  execFileSync(join(binaries, 'initdb'), initdb, { ...owner, stdio: 'pipe' })

  const start = (port: number): Promise<ServerProcess> =>
    startServer(
      join(binaries, 'postgres'),
      [
        '-D',
        data,
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        '-k',
        folder,
        ...settings.flatMap((setting) => ['-c', setting]),
      ],
      /database system is ready to accept connections/,
      owner,
    )

  return onFreePort(async (port) => {
    let server = await start(port)
    return {
      port,
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      async restart() {
        // SIGQUIT is Postgres's immediate shutdown: no checkpoint, every connection is cut, and the start recovers.
        await server.stop('SIGQUIT')
        server = await start(port)
      },
      async close() {
        await server.stop('SIGQUIT')
        await rm(folder, { recursive: true, force: true })
      },
    }
  })
}

/** Postgres refuses to run as root: there it runs as the user that its package has made. */
function notRoot(): SpawnOptions & { cwd: string } {
  const cwd = tmpdir()
  if (process.getuid?.() !== 0) return { cwd }
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { cwd, uid: idOf('-u'), gid: idOf('-g') }
}
