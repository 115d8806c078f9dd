import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where Debian, and so `.ci/install-services`, puts the servers that are not on the path. */
const POSTGRES_ROOT = '/usr/lib/postgresql'

/** The folder with `initdb` and `postgres` of the newest version, or undefined where Postgres is not installed. */
export const postgresBinaries: string | undefined = findPostgres()

/** The path of `redis-server`, or undefined where it is not installed. */
export const redisBinary: string | undefined = onPath('redis-server')

/** The path of `pgbouncer`, which Debian puts where only root looks. */
export const pgBouncerBinary: string | undefined =
  onPath('pgbouncer') ?? ['/usr/sbin/pgbouncer'].find((path) => existsSync(path))

/**
 * Whether tests can run on a real server. Where it is absent they are skipped, with one line that says so; with `CI`
 * set that is an error, so that no run is green for want of a server.
 */
export function isInstalled(server: 'redis-server' | 'postgres' | 'pgbouncer'): boolean {
  const found = { 'redis-server': redisBinary, postgres: postgresBinaries, pgbouncer: pgBouncerBinary }
  if (found[server] !== undefined) return true
  const message = `${server} is not installed: its tests are skipped. Run .ci/install-services to install it.`
  if (process.env['CI']) throw new Error(message)
  console.warn(message)
  return false
}

function onPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(':')
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

function findPostgres(): string | undefined {
  const versions = existsSync(POSTGRES_ROOT) ? readdirSync(POSTGRES_ROOT) : []
  const newestFirst = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(POSTGRES_ROOT, version, 'bin'))
  const beside = onPath('initdb')?.replace(/\/initdb$/, '')
  return [...newestFirst, ...(beside ? [beside] : [])].find((folder) => existsSync(join(folder, 'postgres')))
}
