// The global one may be a test's, which runs nothing until the test says so.
import { setImmediate } from 'node:timers'
import type { PostgresClient, PostgresPool } from './pool.js'

const guardedPools = new WeakSet<PostgresPool>()

/**
 * Guards the new clients of a pool until the `await` of their `connect()` comes back, and a listener can be added. `pg` hands
 * them out without one: a server that ends a connection right after it has accepted it would end the process.
 */
export function guardNewClients(pool: PostgresPool): void {
  if (guardedPools.has(pool)) return
  guardedPools.add(pool)
  if (!('on' in pool) || typeof pool.on !== 'function') return
  pool.on('connect', (client: PostgresClient) => {
    client.on?.('error', ignore)
    setImmediate(() => client.off?.('error', ignore))
  })
}

/** The first query on the client reports it. */
function ignore(): void {}
