import type { EmbeddedPostgres, EmbeddedTransaction } from './pool.js'
import { inline, type Statement } from './prepared-statements.js'
import type { Database, HandlerSlot, Rows, Session } from './session.js'

/** Keys in use, per database: several inboxes may share one. */
const reservedKeys = new WeakMap<EmbeddedPostgres, Set<string>>()

/** PGlite serializes its transactions by itself. */
const FREE_SLOT: HandlerSlot = { watch: () => () => {}, release: () => {} }

export function embeddedDatabase(postgres: EmbeddedPostgres): Database {
  const keys = reservedKeys.get(postgres) ?? new Set<string>()
  reservedKeys.set(postgres, keys)
  return {
    isSingle: true,
    open: async () => openEmbedded(postgres),
    reserve(key) {
      if (keys.has(key)) return undefined
      keys.add(key)
      return () => keys.delete(key)
    },
    slots: { mustYield: () => false, tryTake: () => FREE_SLOT, take: async () => FREE_SLOT },
  }
}

interface OpenTransaction {
  readonly client: EmbeddedTransaction
  commit(): void
  rollback(reason: Error): void
}

/** PGlite ends a transaction when its callback settles: here the callback settles on command. */
function openEmbedded(postgres: EmbeddedPostgres): Session {
  let open: OpenTransaction | undefined
  let ended: Promise<void> = Promise.resolve()
  let isOver = false

  const current = (): OpenTransaction => {
    if (open === undefined) throw new Error('No transaction has begun')
    return open
  }
  const rollback = async (): Promise<void> => {
    open?.rollback(new Error('The transaction is rolled back'))
    open = undefined
    await ended.catch(() => undefined)
  }
  const transaction = (statements: readonly Statement[]): Promise<readonly Rows[]> =>
    statements.length === 0 ? Promise.resolve([]) : postgres.transaction((client) => runFirst(client, statements))

  return {
    client: () => current().client,
    query: async (text, values) => (await (open?.client ?? postgres).query(text, values)).rows,
    transaction,
    async begin(statements, before = []) {
      await transaction(before)
      open = await new Promise<OpenTransaction>((resolve, reject) => {
        ended = postgres.transaction(
          (client) => new Promise<void>((commit, rollback) => resolve({ client, commit, rollback })),
        )
        ended.catch(reject)
      })
      // The lease ran out while this attempt waited for the one connection.
      if (isOver) await rollback()
      return runFirst(current().client, statements)
    },
    async commit(statements) {
      const { client, commit } = current()
      await runAll(client, statements)
      commit()
      open = undefined
      await ended
    },
    async rollback(then = []) {
      await rollback()
      await transaction(then)
    },
    release() {
      isOver = true
    },
    // The one connection stays. It matters only that the transaction is undone and closed to late writes.
    destroy() {
      if (isOver) return
      isOver = true
      void rollback()
    },
  }
}

/** {@link runAll} at the start of a transaction, at read committed whatever the default is. */
async function runFirst(client: EmbeddedTransaction, statements: readonly Statement[]): Promise<readonly Rows[]> {
  await client.query('set transaction isolation level read committed')
  return runAll(client, statements)
}

async function runAll(client: EmbeddedTransaction, statements: readonly Statement[]): Promise<readonly Rows[]> {
  const results: Rows[] = []
  for (const statement of statements) results.push((await client.query(inline(statement))).rows)
  return results
}
