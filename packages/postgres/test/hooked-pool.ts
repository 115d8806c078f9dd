import type { Pool, PoolClient } from 'pg'

type HookedClient = Pick<PoolClient, 'query' | 'release'>

/** A pool whose clients call `before` with the first two words of every statement of the inbox's, and wait for it. */
export function hookedPool(
  pool: Pool,
  before: (statement: string) => void | Promise<void>,
): {
  connect(): Promise<HookedClient>
} {
  return {
    async connect() {
      const client = await pool.connect()
      const query = async (text: string, values?: unknown[]) => {
        await before(text.trim().split(/\s+/).slice(0, 2).join(' '))
        return client.query(text, values)
      }
      return Object.assign(Object.create(client), { query })
    },
  }
}
