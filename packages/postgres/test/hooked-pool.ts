import type { Pool, PoolClient } from 'pg'

type HookedClient = Pick<PoolClient, 'query' | 'release'>

/** The inbox's messages, in the order of an attempt; `failure` takes the place of `mark`. */
export type Message = 'arrival' | 'claim' | 'mark' | 'failure' | 'other'

/** A pool whose clients call `before` with the name of each message of the inbox, and wait for it. */
export function hookedPool(
  pool: Pool,
  before: (message: Message) => void | Promise<void>,
): {
  connect(): Promise<HookedClient>
} {
  return {
    async connect() {
      const client = await pool.connect()
      const query = async (text: string, values?: unknown[]) => {
        await before(messageName(text))
        return client.query(text, values)
      }
      return Object.assign(Object.create(client), { query })
    },
  }
}

function messageName(text: string): Message {
  if (text.includes('pg_try_advisory_xact_lock')) return 'claim'
  if (/\b(?:release|rollback to) savepoint before_the_handler\b/.test(text)) return 'mark'
  if (/\binsert into \S+ as known\b/.test(text)) return 'arrival'
  return text.includes('failures = failures + 1') ? 'failure' : 'other'
}
