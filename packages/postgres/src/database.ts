import { KindeWebhookError } from '@kinde-billing/core'
import { embeddedDatabase } from './embedded-session.js'
import type { AnyPostgresPool, EmbeddedPostgres, PostgresPool } from './pool.js'
import { poolUse } from './pool-use.js'
import { openPooled } from './pooled-session.js'
import type { Database, Session } from './session.js'
import { describeUnfitPool, isSingleClient } from './unfit-pool.js'

/**
 * Adapts a pool or a PGlite.
 *
 * @throws KindeWebhookError `invalid_configuration` if the value is neither
 */
export function databaseOf(pool: AnyPostgresPool): Database {
  if (isPool(pool)) {
    const use = poolUse(pool)
    return {
      isSingle: false,
      open: (onLost = () => {}) => use.connecting(() => openPooled(pool, onLost)),
      reserve: () => () => {},
      slots: use,
    }
  }
  if (isEmbedded(pool)) return embeddedDatabase(pool)
  throw new KindeWebhookError('invalid_configuration', describeUnfitPool(pool))
}

/** Runs the work on a connection of its own, which is closed if the work throws. */
export async function withSession<Result>(
  pool: AnyPostgresPool,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await databaseOf(pool).open()
  try {
    const result = await work(session)
    session.release()
    return result
  } finally {
    session.destroy()
  }
}

function isPool(pool: AnyPostgresPool): pool is PostgresPool {
  if (typeof pool !== 'object' || pool === null || !('connect' in pool)) return false
  return typeof pool.connect === 'function' && !isSingleClient(pool)
}

function isEmbedded(pool: AnyPostgresPool): pool is EmbeddedPostgres {
  // Query builders have a transaction() too: most of them no query(), and TypeORM a query() with other results.
  if (typeof pool !== 'object' || pool === null || !('transaction' in pool && 'query' in pool)) return false
  return typeof pool.transaction === 'function' && typeof pool.query === 'function' && !('createQueryRunner' in pool)
}
