import type { BillingState, StoredState } from '@kinde-billing/state'
import { databaseOf } from './database.js'
import type { AnyPostgresPool, PostgresResult } from './pool.js'
import { tableName } from './table-name.js'

/** What the store runs its statements on: the inbox's `delivery.tx`, a pool, a client, or a PGlite. */
export interface StateClient {
  /** Runs one statement, with its parameters. */
  query(text: string, values?: unknown[]): Promise<PostgresResult>
}

/** Where states are kept. */
export interface StateTableOptions {
  /**
   * The table's name, with its schema if it is not on the search path: lower-case letters, digits and `_`. Tenants that
   * share a database each need a table of their own, or keys that tell them apart. Default: `kinde_billing_states`.
   */
  table?: string | undefined
}

/** What {@link createPostgresStateStore} returns: the `load` and `save` of `createBillingStateHandler`, and `read`. */
export interface PostgresStateStore {
  /** The customer's state, locked until the transaction of `delivery.tx` ends: other writers of this customer wait. */
  load(key: string, delivery: { readonly tx: StateClient }): Promise<StoredState<string> | undefined>
  /** `false` where the stored version is another. Inside the inbox's transaction, `load` has made sure that it is not. */
  save(
    key: string,
    state: BillingState,
    version: string | undefined,
    delivery: { readonly tx: StateClient },
  ): Promise<boolean>
  /** The customer's state as it is committed, without a lock: for answering requests. */
  read(key: string, client: StateClient): Promise<BillingState | undefined>
}

/**
 * Keeps the states of `@kinde-billing/state` in Postgres, inside the inbox's transaction: the state, the application's own
 * writes and the inbox's mark are committed together or not at all, and writers of one customer take turns.
 *
 * Needs the table of {@link ensureStateSchema}. Its functions reject with what Postgres rejects with. Throws a
 * `KindeWebhookError` of code `invalid_configuration` for a name that is no identifier.
 *
 * @example
 * ```ts
 * import { createBillingReceiver } from '@kinde-billing/core/receiver'
 * import { createPostgresInbox, createPostgresStateStore } from '@kinde-billing/postgres'
 * import { createBillingStateHandler, customerKey, summarize } from '@kinde-billing/state'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * pool.on('error', ({ message }) => console.error(`Postgres: ${message}`))
 * const store = createPostgresStateStore()
 *
 * createBillingReceiver({
 *   issuer: 'https://acme.kinde.com',
 *   name: 'billing',
 *   inbox: createPostgresInbox({ pool }),
 *   onEvent: createBillingStateHandler({
 *     ...store,
 *     async onChange(changes, { key, delivery }) {
 *       for (const change of changes)
 *         await delivery.tx.query('insert into outbox (customer, change) values ($1, $2)', [key, JSON.stringify(change)])
 *     },
 *   }),
 * })
 *
 * async function mayEnter(customerId: string): Promise<boolean> {
 *   const key = customerKey({ customer: { id: customerId } })
 *   const state = key === undefined ? undefined : await store.read(key, pool)
 *   return summarize(state, { now: Date.now() }).hasAccess
 * }
 * ```
 */
export function createPostgresStateStore(options?: StateTableOptions): PostgresStateStore {
  const table = stateTable(options)
  return {
    async load(key, { tx }) {
      // An upsert locks the row, and creates it where there is none: of two first events one waits for the other.
      const { rows } = await tx.query(
        `insert into ${table} as known (key) values ($1)
         on conflict (key) do update set version = known.version
         returning state, version::text as version`,
        [key],
      )
      const state = readState(rows)
      return state && { state, version: String(rows[0]?.['version']) }
    },
    async save(key, state, version = '0', { tx }) {
      const { rows } = await tx.query(
        `update ${table} set state = $2, version = version + 1, updated_at = now()
         where key = $1 and version = $3::bigint
         returning key`,
        [key, JSON.stringify(state), version],
      )
      return rows.length === 1
    },
    async read(key, client) {
      return readState((await client.query(`select state from ${table} where key = $1`, [key])).rows)
    },
  }
}

/** The statement that creates the table, for those who keep their schema in migrations of their own. */
export function stateSchemaSql(options?: StateTableOptions): string {
  return `-- What the customers have, as @kinde-billing/state knows it: one row for each customer.
create table if not exists ${stateTable(options)} (
  -- what customerKey gives, such as "customer:<id>"
  key text collate "C" primary key,
  -- null only while the first event is being applied. Text, since jsonb refuses characters that an id may hold.
  state text,
  version bigint not null default 0,
  updated_at timestamptz not null default now()
);
`
}

/**
 * Creates the table of {@link createPostgresStateStore} where it is not there yet. Safe to call at every start, from many
 * processes at once; where the table exists, nothing is done and no privilege to create is needed.
 *
 * Rejects with Postgres's error where the table cannot be created. Throws a `KindeWebhookError` of code
 * `invalid_configuration` for a name that is no identifier.
 *
 * @example
 * ```ts
 * import { ensureSchema, ensureStateSchema } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * await ensureSchema(pool)
 * await ensureStateSchema(pool)
 * ```
 */
export async function ensureStateSchema(pool: AnyPostgresPool, options?: StateTableOptions): Promise<void> {
  const table = stateTable(options)
  const session = await databaseOf(pool).open()
  try {
    // One statement, and so one transaction. "if not exists" alone does not save two that create at once from an error.
    await session.query(`do $do$ begin
      if to_regclass('${table}') is null then
        perform pg_advisory_xact_lock(hashtextextended('schema of ${table}', 0));
        ${stateSchemaSql(options)}
      end if;
    end $do$`)
    session.release()
  } finally {
    session.destroy()
  }
}

const stateTable = ({ table = 'kinde_billing_states' }: StateTableOptions = {}): string => tableName({ table })

function readState(rows: PostgresResult['rows']): BillingState | undefined {
  const state = rows[0]?.['state']
  return typeof state === 'string' ? JSON.parse(state) : undefined
}
