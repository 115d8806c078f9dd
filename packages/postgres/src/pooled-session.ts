import { KindeWebhookError } from '@kinde-billing/core'
import { guardNewClients } from './new-clients.js'
import type { PostgresClient, PostgresPool, PostgresResult } from './pool.js'
import { type Statement, writeMessage } from './prepared-statements.js'
import type { Session } from './session.js'

const BEGIN = 'begin isolation level read committed'

/** Pools whose `release(true)` was seen to leave the connection open. */
const leakingPools = new WeakSet<PostgresPool>()

/** Connections that have been taken before: they are worth preparing statements on. */
const usedClients = new WeakSet<PostgresClient>()

/** Takes a connection of a pool. Several statements travel in one message, so that each step is one round trip. */
export async function openPooled(pool: PostgresPool, onLost: (error: Error) => void): Promise<Session> {
  if (leakingPools.has(pool)) throw leakingPool()
  guardNewClients(pool)
  const client = await pool.connect()
  assertClient(client)
  // Without a listener, a connection that breaks while it is in use would end the process.
  client.on?.('error', onLost)
  let isOurs = true
  const isReused = usedClients.has(client)
  usedClients.add(client)

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
        return (await sendFirst(client, [BEGIN, ...statements, 'commit'], isReused))
          .slice(1, -1)
          .map(({ rows }) => rows)
      } catch (error) {
        // An error inside the message leaves the transaction open; the connection stays usable after a rollback.
        await client.query('rollback').catch(() => {})
        throw error
      }
    },
    async begin(statements, before = []) {
      // BEGIN after other statements of the message would take them into its transaction: they need a commit of their own.
      const first = before.length === 0 ? [] : [BEGIN, ...before, 'commit']
      const results = await sendFirst(client, [...first, BEGIN, ...statements], isReused)
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

/** Sends the first statements of a transaction: nothing is lost if they have to be sent again. */
async function sendFirst(
  client: PostgresClient,
  statements: readonly Statement[],
  isReused: boolean,
): Promise<readonly PostgresResult[]> {
  const message = writeMessage(client, statements, isReused)
  try {
    const results = await sendSql(client, message.sql)
    message.settle()
    return message.withoutPrepare(results)
  } catch (error) {
    if (!message.settle(error)) throw error
    await client.query('rollback')
    return send(client, statements)
  }
}

async function send(client: PostgresClient, statements: readonly Statement[]): Promise<readonly PostgresResult[]> {
  const message = writeMessage(client, statements, false)
  try {
    return await sendSql(client, message.sql)
  } catch (error) {
    message.settle(error)
    throw error
  }
}

async function sendSql(client: PostgresClient, statements: readonly string[]): Promise<readonly PostgresResult[]> {
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
