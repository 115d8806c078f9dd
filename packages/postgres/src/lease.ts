import { MAX_TIMER_MS } from '@kinde-billing/core/internal'
import type { Database, Session } from './session.js'
import { explainLost } from './sql-errors.js'

/** Ends an attempt: its signal fires, its connection is closed, and it has failed. */
export type EndAttempt = (reason: Error) => void

/**
 * Runs an attempt on a connection of its own. When the lease is over or the connection breaks, the signal fires, the
 * connection is closed, which undoes the transaction, and the attempt has failed, whatever its handler still does.
 */
export async function withLeasedSession<Result>(
  database: Database,
  leaseMs: number,
  attempt: (session: Session, signal: AbortSignal, end: EndAttempt) => Promise<Result>,
): Promise<Result> {
  const lease = new AbortController()
  const end: EndAttempt = (reason) => lease.abort(reason)
  const session = await database.open((error) => end(explainLost(error)))
  const timer = setTimeout(() => end(new Error(`The lease of ${leaseMs} ms is over`)), Math.min(leaseMs, MAX_TIMER_MS))
  try {
    const result = await Promise.race([attempt(session, lease.signal, end), rejectOnAbort(lease.signal)])
    session.release()
    return result
  } finally {
    clearTimeout(timer)
    session.destroy()
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
