import type { Session } from './session.js'

/**
 * Explains why a row is locked if no handler holds it: its commit waits for a synchronous standby, which the client can only
 * see as silence.
 *
 * @returns `undefined` if nothing is known, as when another attempt is at its mark
 */
export async function explainLockedRow(session: Session): Promise<Error | undefined> {
  // A role sees what its own connections wait for. With a standby that works, a commit waits for milliseconds.
  const waiting = `select from pg_stat_activity
    where wait_event = 'SyncRep' and state_change < now() - interval '1 second' limit 1`
  const rows = await session.query(waiting).catch(() => [])
  if (rows.length === 0) return undefined
  return new Error(
    "The delivery's row is locked while commits on the server wait for a synchronous standby. Bring the standby back, or remove it from synchronous_standby_names.",
  )
}
