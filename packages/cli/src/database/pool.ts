import type { Pool } from 'pg'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

const TIMEOUT_MS = 5000

/**
 * Opens a pool for `DATABASE_URL`. End it when the command is done.
 *
 * @throws UsageError if `DATABASE_URL` is missing or not a Postgres URL
 */
export async function openPool({ env }: Terminal): Promise<Pool> {
  const connectionString = env.DATABASE_URL?.trim() ?? ''
  if (!/^postgres(?:ql)?:\/\//.test(connectionString))
    throw new UsageError(
      'DATABASE_URL is missing or not a Postgres URL. Set it to the database of your application, without quotes.',
    )
  // only here: other commands start without a database driver
  const { Pool } = await import('pg')
  const pool = new Pool({ connectionString, connectionTimeoutMillis: TIMEOUT_MS, query_timeout: TIMEOUT_MS, max: 4 })
  // a pool without a listener ends the process if a connection breaks
  pool.on('error', () => {})
  return pool
}
