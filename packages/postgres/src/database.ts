import { KindeWebhookError } from '@kinde-billing/core'
import { embeddedDatabase } from './embedded-session.js'
import type { AnyPostgresPool, EmbeddedPostgres, PostgresPool } from './pool.js'
import { poolUse } from './pool-use.js'
import { openPooled } from './pooled-session.js'
import type { Database, Session } from './session.js'

/**
 * Adapts a pool or a PGlite.
 *
 * @throws KindeWebhookError `invalid_configuration` if the value is neither
 */
export function databaseOf(pool: AnyPostgresPool): Database {
  if (isPool(pool)) {
    const use = poolUse(pool)
    return {
      open: (onLost = () => {}) => use.connecting(() => openPooled(pool, onLost)),
      reserve: () => () => {},
      slots: use,
    }
  }
  if (isEmbedded(pool)) return embeddedDatabase(pool)
  throw new KindeWebhookError(
    'invalid_configuration',
    'pool: has neither connect() nor transaction(). Pass a Pool of "pg", one that is compatible, or a PGlite.',
  )
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
  return typeof pool === 'object' && pool !== null && 'connect' in pool && typeof pool.connect === 'function'
}

function isEmbedded(pool: AnyPostgresPool): pool is EmbeddedPostgres {
  return typeof pool === 'object' && pool !== null && 'transaction' in pool && typeof pool.transaction === 'function'
}
