import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { Pool } from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { ensureSchema } from '../src/index.js'

/** The server of a suite. */
export interface PostgresOfSuite {
  readonly server: PostgresServer
  /** Reaches the server itself, whatever stands between the inbox and the server. */
  readonly observer: Pool
}

/** Starts a server with the inbox's table before the tests of a suite, runs `sql` on it, and ends it after them. */
export function usePostgres(sql = 'create table effects (value text)'): PostgresOfSuite {
  let running: PostgresOfSuite | undefined
  beforeAll(async () => {
    const server = await startPostgres()
    running = { server, observer: new Pool({ connectionString: server.url, max: 3 }).on('error', () => {}) }
    await ensureSchema(running.observer)
    await running.observer.query(sql)
  })
  afterAll(async () => {
    await running?.observer.end()
    await running?.server.close()
  })
  const current = (): PostgresOfSuite => {
    if (running === undefined) throw new Error('The server is started before the tests')
    return running
  }
  return {
    get server() {
      return current().server
    },
    get observer() {
      return current().observer
    },
  }
}
