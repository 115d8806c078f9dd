import { KindeWebhookError } from '@kinde-billing/core'
import { embeddedDatabase } from './embedded-session.js'
import type { AnyPostgresPool, EmbeddedPostgres, PostgresClient, PostgresPool, PostgresResult } from './pool.js'

export type Rows = PostgresResult['rows']

/** One connection, from the moment it is taken until it is given back or closed. */
export interface Session {
  /** What the transaction runs on; there once it has begun. */
  client(): object
  query(text: string, values?: unknown[]): Promise<Rows>
  begin(): Promise<void>
  /** Rejects where Postgres has rolled back instead, as it silently does after an error. */
  commit(): Promise<void>
  rollback(): Promise<void>
  /** Gives the connection back for others to use. */
  release(): void
  /** Closes the connection, and with it whatever transaction is open. Does nothing after `release`. */
  destroy(): void
}

/** Where sessions come from. */
export interface Database {
  /** Takes a connection; `onLost` hears when it breaks. */
  open(onLost?: (error: Error) => void): Promise<Session>
  /**
   * Reserves a key within this process, and returns what lets go of it; `undefined` where it is reserved. Only a database
   * of one connection needs it: there a duplicate could not even ask whether another attempt is at work.
   */
  reserve(key: string): (() => void) | undefined
}

/** Throws a `KindeWebhookError` of code `invalid_configuration` for what is neither a pool nor PGlite. */
export function databaseOf(pool: AnyPostgresPool): Database {
  if (isPool(pool)) return { open: (onLost = ignore) => openPooled(pool, onLost), reserve: () => ignore }
  if (isEmbedded(pool)) return embeddedDatabase(pool)
  throw new KindeWebhookError(
    'invalid_configuration',
    'pool: has neither connect() nor transaction(). Pass a Pool of "pg", one that is compatible, or a PGlite.',
  )
}

const ignore = (): void => undefined

function isPool(pool: AnyPostgresPool): pool is PostgresPool {
  return typeof pool === 'object' && pool !== null && 'connect' in pool && typeof pool.connect === 'function'
}

function isEmbedded(pool: AnyPostgresPool): pool is EmbeddedPostgres {
  return typeof pool === 'object' && pool !== null && 'transaction' in pool && typeof pool.transaction === 'function'
}

async function openPooled(pool: PostgresPool, onLost: (error: Error) => void): Promise<Session> {
  const client = await pool.connect()
  judgeClient(client)
  // Without a listener, a connection that breaks while it is lent would end the process.
  client.on?.('error', onLost)
  let isOurs = true
  const giveBack = (destroy: boolean): void => {
    if (!isOurs) return
    isOurs = false
    client.off?.('error', onLost)
    client.release(destroy)
  }
  return {
    client: () => client,
    query: async (text, values) => (await client.query(text, values)).rows,
    async begin() {
      await client.query('begin isolation level read committed')
    },
    async commit() {
      const result = await client.query('commit')
      if ('command' in result && result.command !== 'COMMIT')
        throw new Error('Postgres has rolled the transaction back instead of committing it')
    },
    async rollback() {
      await client.query('rollback')
    },
    release: () => giveBack(false),
    destroy: () => giveBack(true),
  }
}

function judgeClient(client: PostgresClient): void {
  if (typeof client?.query === 'function' && typeof client.release === 'function') return
  throw new KindeWebhookError(
    'invalid_configuration',
    'pool: its connect() gave no client with query() and release(). Pass a Pool of "pg", not a Client.',
  )
}
