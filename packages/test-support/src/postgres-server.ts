import { execFile, execFileSync, type SpawnOptions } from 'node:child_process'
import { chownSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { postgresBinaries } from './installed.js'
import { onFreePort, type ServerProcess, startServer } from './server-process.js'

/** A Postgres server of the test's own, with an empty database. */
export interface PostgresServer {
  readonly port: number
  readonly url: string
  /** Ends it as a crash would, and starts it again on the same port and data. */
  restart(): Promise<void>
  /** Ends it as a crash would. */
  crash(): Promise<void>
  close(): Promise<void>
}

/** A copy of a primary that follows it, and refuses writes until it is promoted. */
export interface PostgresStandby extends PostgresServer {
  /** Makes it the primary. */
  promote(): Promise<void>
}

/**
 * Starts Postgres on a free port and a folder of its own. `settings` are given as `-c` takes them. By default nothing waits
 * for the disk: the data need outlive a crash of the server, not of the machine.
 */
export async function startPostgres(settings: readonly string[] = ['fsync=off']): Promise<PostgresServer> {
  const folder = await createFolder()
  const initdb = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']
  await run('initdb', ['-D', join(folder, 'data'), ...initdb])
  return startOn(folder, settings)
}

/** Starts a standby of a primary, which it follows through a port that may be a proxy's. */
export async function startStandby(
  primary: PostgresServer,
  throughPort: number,
  settings: readonly string[] = ['fsync=off'],
): Promise<PostgresStandby> {
  const folder = await createFolder()
  const data = join(folder, 'data')
  const copied = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'postgres', '-D', data]
  // -R makes the copy a standby.
  await run('pg_basebackup', [...copied, '-R', '-X', 'stream', '-c', 'fast', '--no-sync'])
  const followed = `primary_conninfo=host=127.0.0.1 port=${throughPort} user=postgres`
  const server = await startOn(folder, [...settings, followed])
  return { ...server, promote: () => run('pg_ctl', ['promote', '-w', '-s', '-D', data]) }
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inbox-postgres-'))
  const { uid, gid } = unprivileged()
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
  return folder
}

function startOn(folder: string, settings: readonly string[]): Promise<PostgresServer> {
  const start = (port: number): Promise<ServerProcess> =>
    startServer(
      binary('postgres'),
      [
        '-D',
        join(folder, 'data'),
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        '-k',
        folder,
        ...settings.flatMap((setting) => ['-c', setting]),
      ],
      /database system is ready to accept (?:read-only )?connections/,
      unprivileged(),
    )

  return onFreePort(async (port) => {
    let server = await start(port)
    // SIGQUIT is Postgres's immediate shutdown: no checkpoint, every connection is cut, and the next start recovers.
    const crash = (): Promise<void> => server.stop('SIGQUIT')
    return {
      port,
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      async restart() {
        await crash()
        server = await start(port)
      },
      crash,
      async close() {
        await crash()
        await rm(folder, { recursive: true, force: true })
      },
    }
  })
}

async function run(name: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)(binary(name), args, unprivileged())
}

function binary(name: string): string {
  if (postgresBinaries === undefined) throw new Error('Postgres is not installed')
  return join(postgresBinaries, name)
}

/** Postgres and PgBouncer refuse to run as root: there they run as the user that Postgres's package has made. */
export function unprivileged(): Pick<SpawnOptions, 'uid' | 'gid'> & { cwd: string } {
  const cwd = tmpdir()
  if (process.getuid?.() !== 0) return { cwd }
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { cwd, uid: idOf('-u'), gid: idOf('-g') }
}
