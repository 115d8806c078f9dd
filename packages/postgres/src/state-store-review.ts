import { assertFunction, assertKnownOptions, invalidConfiguration } from '@kinde-billing/core/internal'
import {
  type AccessPolicy,
  type BillingChange,
  type BillingChangeContext,
  type BillingState,
  type BillingStateStore,
  diffSummaries,
  summarize,
} from '@kinde-billing/state'
import type { AnyPostgresPool } from './pool.js'
import { sqlTime } from './state-store-columns.js'
import { requirePool, runInTransaction, type StateClient } from './state-store-transaction.js'

/** A state that time alone has changed. */
export interface DueState {
  /** The key of the customer's state. */
  readonly key: string
  /** The state. */
  readonly state: BillingState
  /** Since when the stored columns may be out of date. */
  readonly reviewAt: Date
}

/** The options of `reviewDue`. */
export interface ReviewDueOptions {
  /**
   * Called with what time has changed for a customer, in the transaction that updates their row. If it throws, that row
   * stays due, and the others go on.
   */
  onChange?: ((changes: readonly BillingChange[], context: BillingChangeContext<StateClient>) => unknown) | undefined
  /** The present: epoch milliseconds, or a `Date`. Default: the store's `now`. */
  now?: number | Date | undefined
  /** How many rows are read at a time. Default: 100. */
  batchSize?: number | undefined
  /** Ends the review between two rows. */
  signal?: AbortSignal | undefined
}

/** The result of `reviewDue`. */
export interface ReviewResult {
  /** How many rows were brought up to date. */
  readonly reviewed: number
  /** For how many of them something changed. */
  readonly changed: number
}

interface ReviewedStore {
  readonly store: BillingStateStore<StateClient, string>
  readonly table: string
  readonly pool: AnyPostgresPool | undefined
  readonly now: () => number
  readonly policy: AccessPolicy | undefined
}

/**
 * Reviews every row that is due.
 *
 * @throws AggregateError with what `onChange` and Postgres threw, once all other rows are done.
 */
export async function reviewDueStates(reviewed: ReviewedStore, options: ReviewDueOptions = {}): Promise<ReviewResult> {
  assertKnownOptions('reviewDue', options, ['onChange', 'now', 'batchSize', 'signal'])
  const { onChange, batchSize = 100, signal } = options
  assertFunction('onChange', onChange)
  if (!Number.isSafeInteger(batchSize) || batchSize < 1)
    throw invalidConfiguration('batchSize', batchSize, 'pass a whole number above 0')
  const pool = requirePool(reviewed.pool, 'reviewDue')
  const now = Number(options.now ?? reviewed.now())
  const errors: unknown[] = []
  const counts = { reviewed: 0, changed: 0 }
  let last = ''
  for (;;) {
    const keys = await dueKeys(reviewed, pool, now, last, batchSize)
    for (const key of keys) {
      if (signal?.aborted) break
      last = key
      try {
        const changes = await runInTransaction(pool, (tx) => reviewOne(reviewed, key, now, tx, onChange))
        if (changes === undefined) continue
        counts.reviewed += 1
        if (changes.length > 0) counts.changed += 1
      } catch (error) {
        errors.push(error)
      }
    }
    if (keys.length < batchSize || signal?.aborted) break
  }
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} reviews failed; their rows stay due.`)
  return counts
}

async function dueKeys(
  { table }: ReviewedStore,
  pool: AnyPostgresPool,
  now: number,
  after: string,
  limit: number,
): Promise<string[]> {
  return await runInTransaction(pool, async (tx) => {
    const { rows } = await tx.query(
      `select key from ${table} where review_at <= $1::timestamptz and key > $2 collate "C" order by key limit $3::integer`,
      [sqlTime(new Date(now)), after, limit],
    )
    return rows.map(({ key }) => String(key))
  })
}

/** `undefined` if another process was faster. */
async function reviewOne(
  { store, table, policy }: ReviewedStore,
  key: string,
  now: number,
  tx: StateClient,
  onChange: ReviewDueOptions['onChange'],
): Promise<BillingChange[] | undefined> {
  const stored = await store.load(key, { tx })
  const { rows } = await tx.query(`select review_at from ${table} where key = $1 and review_at <= $2::timestamptz`, [
    key,
    sqlTime(new Date(now)),
  ])
  const [row] = rows
  if (stored === undefined || row === undefined) return undefined
  const reviewAt = row.review_at instanceof Date ? row.review_at : new Date(String(row.review_at))
  // nothing has changed between the last write and the moment of the review
  const before = summarize(stored.state, { now: reviewAt.getTime() - 1, policy })
  const after = summarize(stored.state, { now, policy })
  const changes = diffSummaries(before, after)
  await store.save(key, stored.state, stored.version, { tx })
  if (changes.length > 0) await onChange?.(changes, { key, cause: 'review', before, after, tx })
  return changes
}
