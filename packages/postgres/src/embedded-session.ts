import type { EmbeddedPostgres, EmbeddedTransaction } from './pool.js'
import type { Database, Session } from './session.js'

/** Keys at work, per database: several inboxes may stand on one. */
const reservedKeys = new WeakMap<EmbeddedPostgres, Set<string>>()

export function embeddedDatabase(postgres: EmbeddedPostgres): Database {
  const keys = reservedKeys.get(postgres) ?? new Set<string>()
  reservedKeys.set(postgres, keys)
  return {
    open: async () => openEmbedded(postgres),
    reserve(key) {
      if (keys.has(key)) return undefined
      keys.add(key)
      return () => keys.delete(key)
    },
  }
}

interface OpenTransaction {
  readonly client: EmbeddedTransaction
  commit(): void
  rollback(reason: Error): void
}

/** PGlite ends a transaction when its callback settles: here the callback settles on command. */
function openEmbedded(postgres: EmbeddedPostgres): Session {
  let transaction: OpenTransaction | undefined
  let ended: Promise<void> = Promise.resolve()
  let isOver = false

  const current = (): OpenTransaction => {
    if (transaction === undefined) throw new Error('No transaction has begun')
    return transaction
  }
  const rollback = async (): Promise<void> => {
    transaction?.rollback(new Error('The transaction is rolled back'))
    await ended.catch(() => undefined)
  }
  return {
    client: () => current().client,
    query: async (text, values) => (await (transaction?.client ?? postgres).query(text, values)).rows,
    async begin() {
      transaction = await new Promise<OpenTransaction>((resolve, reject) => {
        ended = postgres.transaction(
          (client) => new Promise<void>((commit, rollback) => resolve({ client, commit, rollback })),
        )
        ended.catch(reject)
      })
      // The lease has run out while this attempt waited for the one connection.
      if (isOver) await rollback()
    },
    async commit() {
      current().commit()
      await ended
    },
    rollback,
    release() {
      isOver = true
    },
    // The one connection stays. What counts is that the transaction is undone, and closed to late writes.
    destroy() {
      if (isOver) return
      isOver = true
      void rollback()
    },
  }
}
