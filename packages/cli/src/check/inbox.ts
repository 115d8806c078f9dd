import { inboxHealth } from '@kinde-billing/postgres'
import { explainDatabaseFailure } from '../database/failure.js'
import { openPool } from '../database/pool.js'
import type { Terminal } from '../terminal.js'
import { type CheckResult, found, ok, unknown } from './finding.js'

/** Checks the inbox in Postgres. */
export async function checkInbox(
  terminal: Terminal,
  options: { readonly name?: string | undefined; readonly table?: string | undefined },
): Promise<CheckResult> {
  const title = 'inbox'
  if ((terminal.env.DATABASE_URL ?? '').trim() === '')
    return unknown('inbox', title, 'DATABASE_URL is not set', 'Set it to see if events arrive and are handled.')
  const pool = await openPool(terminal)
  try {
    const { failing, oldestFailure, disabledAt, lastArrivalAt, lastSuccessAt, dead } = await inboxHealth(pool, options)
    if (lastArrivalAt === undefined)
      return unknown(
        'inbox',
        title,
        'no event has arrived for a handler',
        'Events without a handler leave nothing in the inbox: look for ignored and unsupported in the log of the receiver.',
      )
    const times = `last arrival ${formatTime(lastArrivalAt)}, last success ${formatTime(lastSuccessAt)}`
    if (failing === 0 && dead === 0) return ok('inbox', title, times)
    const problems = [
      ...(failing > 0 ? [`${failing} ${failing === 1 ? 'event fails' : 'events fail'}`] : []),
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
    const { message, fix } = explainDatabaseFailure(error)
    return found('inbox', title, `cannot be read: ${message}`, fix)
  } finally {
    await pool.end()
  }
}

function formatTime(date: Date | undefined): string {
  return date?.toISOString() ?? 'never'
}
