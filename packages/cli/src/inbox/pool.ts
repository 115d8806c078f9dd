import { errorMessage } from '@kinde-billing/core/internal'
import type { AnyPostgresPool } from '@kinde-billing/postgres'
import { EXIT, type ExitCode } from '../exit-codes.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

const TIMEOUT_MS = 10_000

/**
 * Opens the database of `DATABASE_URL`, does some work, and closes it. An error of the database is printed.
 *
 * @throws UsageError if `DATABASE_URL` is missing or invalid
 */
export async function withPool(
  { env, err, colors }: Terminal,
  work: (pool: AnyPostgresPool) => Promise<ExitCode>,
): Promise<ExitCode> {
  const connectionString = env.DATABASE_URL ?? ''
  if (!/^postgres(?:ql)?:\/\//.test(connectionString))
    throw new UsageError('DATABASE_URL is missing or not a Postgres URL. Set it to the database of your inbox.')
  // only here: the other commands start without a database driver
  const { Pool } = await import('pg')
  const pool = new Pool({ connectionString, max: 2, connectionTimeoutMillis: TIMEOUT_MS, query_timeout: TIMEOUT_MS })
  // an idle connection that breaks would end the process
  pool.on('error', () => {})
  try {
    return await work(pool)
  } catch (error) {
    if (error instanceof UsageError) throw error
    err(`${colors.red('error')}: ${errorMessage(error)}\n`)
    return EXIT.finding
  } finally {
    await pool.end()
  }
}
