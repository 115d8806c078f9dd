import { KindeWebhookError } from '@kinde-billing/core'
import type { PostgresClient, PostgresPool, PostgresResult } from './pool.js'
import type { Session } from './session.js'

const BEGIN = 'begin isolation level read committed'

/** Pools whose `release(true)` was seen to leave the connection open. */
const leakingPools = new WeakSet<PostgresPool>()

/** Takes a connection of a pool. Several statements travel in one message, so that each step is one round trip. */
export async function openPooled(pool: PostgresPool, onLost: (error: Error) => void): Promise<Session> {
  if (leakingPools.has(pool)) throw leakingPool()
  const client = await pool.connect()
  assertClient(client)
  // Without a listener, a connection that breaks while it is in use would end the process.
  client.on?.('error', onLost)
  let isOurs = true

  const giveUp = (destroy: boolean): void => {
    isOurs = false
    client.off?.('error', onLost)
    client.release(destroy)
  }
  return {
    client: () => client,
    query: async (text, values) => (await client.query(text, values)).rows,
    async transaction(statements) {
      try {
        return (await send(client, [BEGIN, ...statements, 'commit'])).slice(1, -1).map(({ rows }) => rows)
      } catch (error) {
        // An error inside the message leaves the transaction open; the connection stays usable after a rollback.
        await client.query('rollback').catch(() => {})
        throw error
      }
    },
    async begin(statements, before = []) {
      // BEGIN after other statements of the message would take them into its transaction: they need a commit of their own.
      const first = before.length === 0 ? [] : [BEGIN, ...before, 'commit']
      const results = await send(client, [...first, BEGIN, ...statements])
      return results.slice(first.length + 1).map(({ rows }) => rows)
    },
    async commit(statements) {
      const last = (await send(client, [...statements, 'commit'])).at(-1)
      if (last !== undefined && 'command' in last && last.command !== 'COMMIT')
        throw new Error('Postgres rolled the transaction back instead of committing it')
    },
    async rollback(then = []) {
      await send(client, then.length === 0 ? ['rollback'] : ['rollback', BEGIN, ...then, 'commit'])
    },
    release() {
      if (isOurs) giveUp(false)
    },
    destroy() {
      if (!isOurs) return
      giveUp(true)
      void undoIfStillOpen(pool, client)
    },
  }
}

async function send(client: PostgresClient, statements: readonly string[]): Promise<readonly PostgresResult[]> {
  const results: unknown = await client.query(statements.join(';\n'))
  if (isResult(results) && statements.length === 1) return [results]
  if (Array.isArray(results) && results.length === statements.length && results.every(isResult)) return results
  throw new KindeWebhookError(
    'invalid_configuration',
    'pool: its clients do not run several statements in one query(). Pass a Pool of "pg" or one that is compatible.',
  )
}

function isResult(value: unknown): value is PostgresResult {
  return typeof value === 'object' && value !== null && 'rows' in value && Array.isArray(value.rows)
}

/**
 * A closed client refuses this query. A client that answers it was not closed: its next user would inherit the open
 * transaction and could commit it, so it is rolled back here, and the pool is refused from now on.
 */
async function undoIfStillOpen(pool: PostgresPool, client: PostgresClient): Promise<void> {
  try {
    await client.query('rollback')
  } catch {
    return
  }
  leakingPools.add(pool)
  console.error(`[kinde-billing] ${leakingPool().message}`)
}

const leakingPool = (): KindeWebhookError =>
  new KindeWebhookError(
    'invalid_configuration',
    'pool: release(true) left the connection open, so an interrupted transaction could be committed by its next user. Pass a pool whose release(true) closes the connection, as that of "pg" does.',
  )

function assertClient(client: PostgresClient): void {
  if (typeof client?.query === 'function' && typeof client.release === 'function') return
  throw new KindeWebhookError(
    'invalid_configuration',
    'pool: its connect() returned no client with query() and release(). Pass a Pool of "pg", not a Client.',
  )
}
