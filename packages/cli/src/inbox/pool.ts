import { errorMessage } from '@kinde-billing/core/internal'
import type { AnyPostgresPool } from '@kinde-billing/postgres'
import { openPool } from '../database/pool.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { writeError } from '../output/note.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

/**
 * Opens the database of `DATABASE_URL`, does some work, and closes it. An error of the database is printed.
 *
 * @throws UsageError if `DATABASE_URL` is missing or invalid
 */
export async function withPool(
  terminal: Terminal,
  work: (pool: AnyPostgresPool) => Promise<ExitCode>,
): Promise<ExitCode> {
  const pool = await openPool(terminal)
  try {
    return await work(pool)
  } catch (error) {
    if (error instanceof UsageError) throw error
    writeError(terminal, errorMessage(error))
    return EXIT.finding
  } finally {
    await pool.end()
  }
}
