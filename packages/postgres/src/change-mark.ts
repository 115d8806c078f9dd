import { withSession } from './database.js'
import type { AnyPostgresPool } from './pool.js'

/**
 * Reads a text that differs as soon as any transaction has committed a write, in any table. One cheap query, for pages that
 * look again only if something may have changed. The same text means that nothing has.
 *
 * @param pool - a pool or a PGlite
 */
export async function readChangeMark(pool: AnyPostgresPool): Promise<string> {
  // Which transactions are over, and which still run.
  const [row] = await withSession(pool, (session) => session.query('select txid_current_snapshot()::text as mark'))
  return String(row?.mark)
}
