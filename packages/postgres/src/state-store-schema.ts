import { assertKnownOptions } from '@kinde-billing/core/internal'
import { databaseOf } from './database.js'
import type { AnyPostgresPool } from './pool.js'
import type { Session } from './session.js'
import { textLiteral } from './sql-literals.js'
import { tableName } from './table-name.js'

/** The table that states are kept in. */
export interface StateTableOptions {
  /**
   * The table's name, with its schema if it is not on the search path: lower-case letters, digits and `_`. Tenants that
   * share a database each need a table of their own, or keys that tell them apart. Default: `kinde_billing_states`.
   */
  table?: string | undefined
}

/** The state table's checked name, safe to stand in a statement. */
export const stateTable = ({ table = 'kinde_billing_states' }: StateTableOptions = {}): string => tableName({ table })

/** The statements of each version. A published version never changes; every statement may be run again. */
const VERSIONS: readonly ((table: string, name: string) => string)[] = [
  (table) => `-- Version 1.
-- The states of @kinde-billing/state: one row for each customer.
create table if not exists ${table} (
  -- the result of customerKey, such as "customer:<id>"
  key text collate "C" primary key,
  -- null only while the first event is being applied. Text, since jsonb refuses characters that an id may hold.
  state text,
  version bigint not null default 0,
  updated_at timestamptz not null default now()
);
`,
  (table, name) => `-- Version 2: what the state says, as of updated_at, for joins, row-level security and reports.
alter table ${table}
  -- Kinde's names for the customer; an organization has no user_id
  add column if not exists customer_id text,
  add column if not exists org_code text,
  add column if not exists user_id text,
  -- active, past_due, suspended, cancelled or none; has_access is true for the first two
  add column if not exists access text not null default 'none',
  add column if not exists has_access boolean not null default false,
  add column if not exists plan_code text,
  add column if not exists features text[] not null default '{}',
  add column if not exists next_invoice_on timestamptz,
  add column if not exists period_ends_on timestamptz,
  -- when the latest event happened
  add column if not exists changed_at timestamptz,
  -- when time alone may change the answer: reviewDue() brings the row up to date
  add column if not exists review_at timestamptz;
create index if not exists ${name}_customer_id on ${table} (customer_id) where customer_id is not null;
create index if not exists ${name}_org_code on ${table} (org_code) where org_code is not null;
create index if not exists ${name}_user_id on ${table} (user_id) where user_id is not null;
create index if not exists ${name}_review_at on ${table} (review_at) where review_at is not null;
`,
]

/**
 * Returns the SQL that creates the table of states, or brings an older one up to date, for migrations of your own. Each
 * version only adds to the one before; every statement may be run again.
 *
 * @param options.table - The table's name.
 * @throws KindeWebhookError `invalid_configuration` for a name that is not an identifier.
 */
export function stateSchemaSql(options: StateTableOptions = {}): string {
  assertKnownOptions('stateSchemaSql', options, ['table'])
  const table = stateTable(options)
  return VERSIONS.map((version) => version(table, table.replace(/^.*\./, ''))).join('')
}

/**
 * Creates the table of {@link createPostgresStateStore}, and its schema if that is missing, or brings an older table up to
 * date. Call it at every start, from any number of processes: if the table is up to date, nothing is done and no privilege
 * to create is needed. An upgrade only adds to the table.
 *
 * @param pool - A pool or a PGlite.
 * @param options.table - The table's name.
 * @throws KindeWebhookError `invalid_configuration` for a name that is not an identifier. Rejects with Postgres's error if
 * the table cannot be created.
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
export async function ensureStateSchema(pool: AnyPostgresPool, options: StateTableOptions = {}): Promise<void> {
  assertKnownOptions('ensureStateSchema', options, ['table'])
  const table = stateTable(options)
  const session = await databaseOf(pool).open()
  try {
    if (!(await isUpToDate(session, table))) await upgrade(session, table)
    session.release()
  } finally {
    session.destroy()
  }
}

async function upgrade(session: Session, table: string): Promise<void> {
  // "if not exists" alone does not save two that create at the same moment from an error.
  await session.begin([`select pg_advisory_xact_lock(hashtextextended(${textLiteral(`schema of ${table}`)}, 0))`])
  const [schema, name] = table.split('.')
  const statements = stateSchemaSql({ table })
    .split(/;\n/)
    .filter((statement) => statement.trim() !== '')
  const isMissing =
    name !== undefined &&
    (await session.query('select to_regnamespace($1)::text as found', [schema]))[0]?.found === null
  await session.commit(isMissing ? [`create schema if not exists ${schema}`, ...statements] : statements)
}

async function isUpToDate(session: Session, table: string): Promise<boolean> {
  const rows = await session.query(
    `select 1 from pg_attribute where attrelid = to_regclass($1) and attname = 'review_at' and not attisdropped`,
    [table],
  )
  return rows.length > 0
}
