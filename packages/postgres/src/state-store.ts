import { assertFunction, assertKnownOptions, assertMethods } from '@kinde-billing/core/internal'
import {
  type AccessPolicy,
  type BillingState,
  type BillingStateStore,
  type CustomerIdentity,
  mergeStates,
  type Plans,
  type StoredState,
  summarize,
} from '@kinde-billing/state'
import { databaseOf } from './database.js'
import type { AnyPostgresPool, PostgresResult } from './pool.js'
import { columnAssignments, columnValues, sqlText, sqlTime } from './state-store-columns.js'
import { type DueState, type ReviewDueOptions, type ReviewResult, reviewDueStates } from './state-store-review.js'
import { type StateTableOptions, stateTable } from './state-store-schema.js'
import { requirePool, runInTransaction, runQuery, type StateClient } from './state-store-transaction.js'

/** The options of {@link createPostgresStateStore}. */
export interface PostgresStateStoreOptions extends StateTableOptions {
  /**
   * The pool, or a PGlite. Needed for what runs outside a delivery: `read`, `find` and `due` without a client, reviews and
   * syncs.
   */
  pool?: AnyPostgresPool | undefined
  /** The rules by which the columns are computed. The state handler uses the same. */
  policy?: AccessPolicy | undefined
  /** The result of `definePlans`, by which the column `features` is filled. Default: the features that Kinde lists. */
  plans?: Pick<Plans<string, string>, 'features'> | undefined
  /** The present, in epoch milliseconds. Default: `Date.now`. */
  now?: (() => number) | undefined
}

/** A store of states in Postgres: the `store` of `createBillingStateHandler`, of syncs and of reviews. */
export interface PostgresStateStore extends BillingStateStore<StateClient, string> {
  /** Loads a state and locks it until the transaction ends: other writers of this customer wait. */
  load(key: string, scope: { readonly tx: StateClient }): Promise<StoredState<string> | undefined>
  /** Saves a state and its columns. `false` if the stored version is another; `load` in the same transaction rules that out. */
  save(
    key: string,
    state: BillingState,
    version: string | undefined,
    scope: { readonly tx: StateClient },
  ): Promise<boolean>
  /** Runs the work in a transaction of the pool. */
  transaction<Result>(work: (tx: StateClient) => Promise<Result>): Promise<Result>
  /** The committed state of a key, without a lock: for answering requests. */
  read(key: string, client?: StateClient): Promise<BillingState | undefined>
  /**
   * The committed state of the customer that a session names, by the first of `customerId`, `orgCode` and `userId` that is
   * given. An organization is found by its code, never by a member's user id. Several states of one customer are merged.
   */
  find(identity: CustomerIdentity, client?: StateClient): Promise<BillingState | undefined>
  /** States that time alone has changed by `now`, at most `limit` (100), those that were due first. */
  due(
    now: number | Date,
    options?: { limit?: number | undefined; client?: StateClient | undefined },
  ): Promise<DueState[]>
  /** Brings the columns of all due rows up to date, each in a transaction of its own, and reports what changed. */
  reviewDue(options?: ReviewDueOptions): Promise<ReviewResult>
}

/**
 * Keeps the states of `@kinde-billing/state` in Postgres, inside the inbox's transaction: the state, the application's own
 * writes and the inbox's mark are committed together or not at all, and writers of one customer take turns. Beside the state
 * each row has columns for SQL, such as `has_access`, `plan_code` and `features`.
 *
 * Needs the table of {@link ensureStateSchema}. Its functions reject with Postgres's errors.
 *
 * @param options - The table, the pool and the policy.
 * @throws KindeWebhookError `invalid_configuration` for an unknown option and for a name that is not an identifier.
 *
 * @example
 * ```ts
 * import { createBillingReceiver } from '@kinde-billing/core/receiver'
 * import { createPostgresInbox, createPostgresStateStore } from '@kinde-billing/postgres'
 * import { createBillingStateHandler, summarize } from '@kinde-billing/state'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * pool.on('error', ({ message }) => console.error(`Postgres: ${message}`))
 * const store = createPostgresStateStore({ pool })
 *
 * createBillingReceiver({
 *   issuer: 'https://acme.kinde.com',
 *   name: 'billing',
 *   inbox: createPostgresInbox({ pool }),
 *   onEvent: createBillingStateHandler({
 *     store,
 *     async onChange(changes, { key, delivery }) {
 *       for (const change of changes)
 *         await delivery.tx.query('insert into outbox (customer, change) values ($1, $2)', [key, JSON.stringify(change)])
 *     },
 *   }),
 * })
 *
 * async function mayEnter(session: { orgCode: string }): Promise<boolean> {
 *   return summarize(await store.find(session), { now: Date.now() }).hasAccess
 * }
 * ```
 */
export function createPostgresStateStore(options: PostgresStateStoreOptions = {}): PostgresStateStore {
  assertKnownOptions('createPostgresStateStore', options, ['table', 'pool', 'policy', 'plans', 'now'])
  assertFunction('now', options.now)
  const table = stateTable(options)
  const { pool, policy, plans } = options
  if (pool !== undefined) databaseOf(pool)
  if (plans !== undefined) assertMethods('plans', plans, ['features'], 'pass the result of definePlans()')
  const now = (): number => (options.now ?? Date.now)()
  // a mistake in the policy shows here, not at the first event
  summarize(undefined, { now: 0, policy })

  const store: PostgresStateStore = {
    policy,
    async load(key, { tx }) {
      // An upsert locks the row, and creates it if there is none: of two first events one waits for the other.
      const { rows } = await tx.query(
        `insert into ${table} as known (key) values ($1)
         on conflict (key) do update set version = known.version
         returning state, version::text as version, review_at`,
        [key],
      )
      const [state] = readStates(rows)
      const [row] = rows
      if (state === undefined || row === undefined) return undefined
      const { version, review_at: reviewAt } = row
      return { state, version: String(version), ...(reviewAt !== null && { reviewAt: toDate(reviewAt) }) }
    },
    async save(key, state, version = '0', { tx }) {
      const summary = summarize(state, { now: now(), policy })
      const { rows } = await tx.query(
        `update ${table} set state = $2, version = version + 1, updated_at = now(), ${columnAssignments(3)}
         where key = $1 and version = $3::bigint
         returning key`,
        [key, JSON.stringify(state), version, ...columnValues(summary, plans?.features(summary) ?? summary.features)],
      )
      return rows.length === 1
    },
    transaction: async (work) => await runInTransaction(requirePool(pool, 'transaction'), work),
    async read(key, client) {
      const text = `select state from ${table} where key = $1`
      return readStates(await runQuery({ client, pool, caller: 'read' }, text, [key]))[0]
    },
    async find(identity, client) {
      assertKnownOptions('find', identity, ['customerId', 'orgCode', 'userId'])
      const { customerId, orgCode, userId } = identity
      const [column, name] =
        customerId !== undefined
          ? ['customer_id', customerId]
          : orgCode !== undefined
            ? ['org_code', orgCode]
            : ['user_id', userId]
      const value = sqlText(name)
      if (value === null) return undefined
      const text = `select state from ${table} where ${column} = $1 order by key`
      const states = readStates(await runQuery({ client, pool, caller: 'find' }, text, [value]))
      return states.length > 1 ? states.reduce(mergeStates) : states[0]
    },
    async due(moment, { limit = 100, client } = {}) {
      const rows = await runQuery(
        { client, pool, caller: 'due' },
        `select key, state, review_at from ${table}
         where review_at <= $1::timestamptz and state is not null order by review_at, key limit $2::integer`,
        [sqlTime(new Date(moment)), limit],
      )
      return rows.flatMap((row) =>
        readStates([row]).map((state) => ({ key: String(row.key), state, reviewAt: toDate(row.review_at) })),
      )
    },
    reviewDue: (reviewOptions) => reviewDueStates({ store, table, pool, now, policy }, reviewOptions),
  }
  return store
}

function readStates(rows: PostgresResult['rows']): BillingState[] {
  return rows.flatMap(({ state }) => (typeof state === 'string' ? [JSON.parse(state)] : []))
}

function toDate(value: unknown): Date {
  return value instanceof Date ? value : new Date(String(value))
}
