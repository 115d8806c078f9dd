import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Debian's folder of the Postgres programs, which are not on the path. */
const POSTGRES_ROOT = '/usr/lib/postgresql'

/** The folder with `initdb` and `postgres` of the newest version; undefined if Postgres is not installed. */
export const postgresBinaries: string | undefined = findPostgres()

/** The path of `redis-server`; undefined if it is not installed. */
export const redisBinary: string | undefined = onPath('redis-server')

/** The path of `pgbouncer`, which Debian puts into a folder on root's path only; undefined if it is not installed. */
export const pgBouncerBinary: string | undefined =
  onPath('pgbouncer') ?? ['/usr/sbin/pgbouncer'].find((path) => existsSync(path))

/**
 * Checks that a server is installed, so that its tests can run. If not, a line says that they are skipped; with `CI` set
 * that is an error, so that no run passes because a server is missing.
 */
export function isInstalled(server: 'redis-server' | 'postgres' | 'pgbouncer' | 'promtool'): boolean {
  const found = {
    'redis-server': redisBinary,
    postgres: postgresBinaries,
    pgbouncer: pgBouncerBinary,
    promtool: onPath('promtool'),
  }
  if (found[server] !== undefined) return true
  const message = `${server} is not installed: its tests are skipped. Run .ci/install-services to install it.`
  if (process.env.CI) throw new Error(message)
  console.warn(message)
  return false
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(':')
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
