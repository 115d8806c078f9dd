import type { Database, Session } from './session.js'

/** Timers, and Postgres's own limits, end below 2³¹ ms. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1

/**
 * Runs an attempt on a connection of its own. When the lease is over or the connection breaks, the signal fires, the
 * connection is closed, which undoes the transaction, and the attempt has failed, whatever its handler still does.
 */
export async function onLeasedSession<Result>(
  database: Database,
  leaseMs: number,
  attempt: (session: Session, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const lease = new AbortController()
  const session = await database.open((error) => lease.abort(error))
  const end = setTimeout(
    () => lease.abort(new Error(`The lease of ${leaseMs} ms is over`)),
    Math.min(leaseMs, MAX_TIMER_MS),
  )
  try {
    const result = await Promise.race([attempt(session, lease.signal), rejectionOf(lease.signal)])
    session.release()
    return result
  } finally {
    clearTimeout(end)
    session.destroy()
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
