import { isKindeWebhookError } from '@kinde-billing/core'
import { isKindeManagementError } from '@kinde-billing/management'
import type { Pool } from 'pg'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { writeError } from '../output/note.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import { explainDatabaseFailure } from './failure.js'

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

/**
 * Opens the database of `DATABASE_URL`, does some work, and closes it. An error of the database is printed.
 *
 * @returns what `work` returns, or 1 if the database failed
 * @throws UsageError if `DATABASE_URL` is missing or invalid, or the name of a table is invalid
 * @throws KindeManagementError if `work` does
 */
export async function withPool(
  terminal: Terminal,
  { json = false }: { readonly json?: boolean | undefined },
  work: (pool: Pool) => Promise<ExitCode>,
): Promise<ExitCode> {
  const pool = await openPool(terminal)
  try {
    return await work(pool)
  } catch (error) {
    if (error instanceof UsageError || isKindeManagementError(error)) throw error
    if (isKindeWebhookError(error) && error.code === 'invalid_configuration') throw new UsageError(error.message)
    const failure = explainDatabaseFailure(error)
    const message = `${failure.message}. ${failure.fix}`
    if (json) terminal.out(`${JSON.stringify({ error: { code: 'database', message } }, null, 2)}\n`)
    else writeError(terminal, message, 'database')
    return EXIT.finding
  } finally {
    await pool.end()
  }
}
