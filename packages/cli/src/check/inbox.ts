import { errorMessage } from '@kinde-billing/core/internal'
import { inboxHealth } from '@kinde-billing/postgres'
import { Pool } from 'pg'
import { type CheckResult, found, ok, unknown } from './finding.js'

const TIMEOUT_MS = 5000

/** Checks the inbox in Postgres. */
export async function checkInbox(
  databaseUrl: string | undefined,
  options: { readonly name?: string | undefined; readonly table?: string | undefined },
): Promise<CheckResult> {
  const title = 'inbox'
  if (databaseUrl === undefined || databaseUrl === '')
    return unknown('inbox', title, 'DATABASE_URL is not set', 'Set it to see if events arrive and are handled.')
  const pool = new Pool({
    connectionString: databaseUrl,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
    max: 1,
  })
  // a pool without a listener ends the process if its connection breaks
  pool.on('error', () => {})
  try {
    const { failing, oldestFailure, disabledAt, lastArrivalAt, lastSuccessAt, dead } = await inboxHealth(pool, options)
    const times = `last arrival ${formatTime(lastArrivalAt)}, last success ${formatTime(lastSuccessAt)}`
    if (failing === 0 && dead === 0) return ok('inbox', title, times)
    const problems = [
      ...(failing > 0 ? [`${failing} events fail`] : []),
      ...(dead > 0 ? [`${dead} are not retried any more`] : []),
      ...(oldestFailure === undefined
        ? []
        : [
            `the oldest is ${oldestFailure.eventId}, which Kinde stops trying at ${formatTime(oldestFailure.kindeStopsAt)}`,
          ]),
      ...(disabledAt === undefined
        ? []
        : [`everything fails: Kinde disables the endpoint at ${formatTime(disabledAt)}`]),
    ]
    return found(
      'inbox',
      title,
      `${problems.join('; ')}; ${times}`,
      "See the receiver's log for the cause, fix it, then run kinde-billing inbox redeliver.",
    )
  } catch (error) {
    return found(
      'inbox',
      title,
      `cannot be read: ${errorMessage(error)}`,
      'Check DATABASE_URL, and that the table exists (ensureSchema).',
    )
  } finally {
    await pool.end()
  }
}

function formatTime(date: Date | undefined): string {
  return date?.toISOString() ?? 'never'
}
