import { KindeWebhookError } from '@kinde-billing/core'
import type { AnyPostgresPool } from './pool.js'
import { databaseOf } from './session.js'

/** Where deliveries are kept. */
export interface TableOptions {
  /**
   * The table's name, with its schema if it is not on the search path: lower-case letters, digits and `_`, such as
   * `billing.deliveries`. Default: `kinde_billing_deliveries`.
   */
  table?: string | undefined
}

const DEFAULT_TABLE = 'kinde_billing_deliveries'

/** The table's checked name, safe to stand in a statement as it is. Throws `invalid_configuration`. */
export function tableName({ table = DEFAULT_TABLE }: TableOptions = {}): string {
  // 48 characters leave room for the names of its indexes within Postgres's 63.
  if (typeof table === 'string' && /^(?:[a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,47}$/.test(table)) return table
  throw new KindeWebhookError(
    'invalid_configuration',
    `table: must be lower-case letters, digits and "_", at most 48 of them, with a schema before it at most, such as "${DEFAULT_TABLE}".`,
  )
}

/** The statements that create the table and its indexes, for those who keep their schema in migrations of their own. */
export function schemaSql(options?: TableOptions): string {
  const table = tableName(options)
  const name = table.replace(/^.*\./, '')
  return `-- The deliveries that the inbox of @kinde-billing/postgres knows of: one row for each event of each endpoint.
create table if not exists ${table} (
  -- "<issuer> <name> <event_id>". Compared by its bytes: fast, and the same under every version of the system's locales.
  key text collate "C" primary key,
  event_id text not null,
  type text not null,
  -- when the event happened, as Kinde says
  occurred_at timestamptz not null,
  -- when it first arrived, when it last did, and how often: written before the handler runs, and kept whatever it does
  first_seen_at timestamptz not null default now(),
  last_attempt_at timestamptz not null default now(),
  attempts integer not null default 1,
  -- the mark, committed together with the handler's writes; null while no attempt has succeeded
  done_at timestamptz,
  -- done, but by a DiscardEvent: the handler's writes were undone
  discarded boolean not null default false,
  -- from then on the row counts as absent, and a sweep may delete it
  expires_at timestamptz not null
);
-- for the sweep
create index if not exists ${name}_expires_at on ${table} (expires_at);
-- for the operator who asks what arrived, and what failed
create index if not exists ${name}_first_seen_at on ${table} (first_seen_at);
`
}

/**
 * Creates the inbox's table where it is not there yet. Safe to call at every start, from many processes at once; where the
 * table exists, nothing is done and no privilege to create is needed. The same statements are in the package's `schema.sql`.
 *
 * Rejects with Postgres's error where the table cannot be created. Throws a `KindeWebhookError` of code
 * `invalid_configuration` for a name that is no identifier.
 *
 * @example
 * ```ts
 * import { ensureSchema } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env['DATABASE_URL'] })
 * await ensureSchema(pool)
 * ```
 */
export async function ensureSchema(pool: AnyPostgresPool, options?: TableOptions): Promise<void> {
  const table = tableName(options)
  const statements = schemaSql(options)
    .split(/;\n/)
    .filter((statement) => statement.trim() !== '')
  const session = await databaseOf(pool).open()
  try {
    const exists = async () => (await session.query('select 1 where to_regclass($1) is not null', [table])).length > 0
    if (!(await exists())) {
      await session.begin()
      // "if not exists" alone does not save two that create at the same moment from an error.
      await session.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`schema of ${table}`])
      for (const statement of statements) await session.query(statement)
      await session.commit()
    }
    session.release()
  } finally {
    session.destroy()
  }
}
