import { invalidConfiguration } from '@kinde-billing/core/internal'
import { databaseOf, withSession } from './database.js'
import type { AnyPostgresPool, PostgresResult } from './pool.js'

/** Anything that runs statements: the inbox's `delivery.tx`, a pool of `pg`, a client, or a PGlite. */
export interface StateClient {
  /** Runs one statement, with its parameters. */
  query(text: string, values?: unknown[]): Promise<PostgresResult>
}

/** Runs one statement on the client, or else on the pool. */
export async function runQuery(
  where: { client: StateClient | undefined; pool: AnyPostgresPool | undefined; caller: string },
  text: string,
  values: unknown[],
): Promise<PostgresResult['rows']> {
  const { client, pool } = where
  if (client !== undefined) return (await client.query(text, values)).rows
  return await withSession(requirePool(pool, where.caller), (session) => session.query(text, values))
}

/** Runs the work in a transaction: committed if it resolves, undone if it rejects. */
export async function runInTransaction<Result>(
  pool: AnyPostgresPool,
  work: (tx: StateClient) => Promise<Result>,
): Promise<Result> {
  const session = await databaseOf(pool).open()
  try {
    await session.begin([])
    try {
      const result = await work(asClient(session.client()))
      await session.commit([])
      session.release()
      return result
    } catch (error) {
      await session.rollback()
      session.release()
      throw error
    }
  } finally {
    session.destroy()
  }
}

export function requirePool(pool: AnyPostgresPool | undefined, caller: string): AnyPostgresPool {
  if (pool !== undefined) return pool
  throw invalidConfiguration('pool', undefined, `pass it to createPostgresStateStore, or a client to ${caller}()`)
}

function asClient(client: object): StateClient {
  if (isClient(client)) return client
  throw invalidConfiguration('pool', client, 'its clients need query()')
}

const isClient = (client: object): client is StateClient => 'query' in client && typeof client.query === 'function'
