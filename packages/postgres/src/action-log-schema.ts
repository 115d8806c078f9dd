import { assertKnownOptions } from '@kinde-billing/core/internal'
import { databaseOf } from './database.js'
import type { AnyPostgresPool } from './pool.js'
import { textLiteral } from './sql-literals.js'
import { tableName } from './table-name.js'

/** The table that operators' actions are kept in. */
export interface ActionTableOptions {
  /**
   * The table's name, with its schema if it is not on the search path: lower-case letters, digits and `_`. Default:
   * `kinde_billing_actions`.
   */
  table?: string | undefined
}

/** The action table's checked name, safe to stand in a statement. */
export const actionTable = ({ table = 'kinde_billing_actions' }: ActionTableOptions = {}): string =>
  tableName({ table })

/**
 * Returns the SQL that creates the table of {@link createActionLog}, for migrations of your own. Every statement may be run
 * again.
 *
 * @param options.table - the table's name
 * @throws KindeWebhookError `invalid_configuration`
 */
export function actionSchemaSql(options: ActionTableOptions = {}): string {
  assertKnownOptions('actionSchemaSql', options, ['table'])
  const table = actionTable(options)
  return `-- Version 1: what operators did, and one row, without an actor and a time, with the secret that signs their forms.
create table if not exists ${table} (
  -- used once: a form that is sent again finds its own row
  id text collate "C" primary key,
  -- null if it is not known
  actor text,
  action text not null,
  -- the event or the customer
  subject text not null,
  at timestamptz not null default now(),
  -- null while it runs, and if it never ended
  outcome text,
  detail text
);
create index if not exists ${table.replace(/^.*\./, '')}_at on ${table} (at desc, id desc);
`
}

/**
 * Creates the table, and its schema if that is missing. If it is there, nothing is done and no privilege to create is needed.
 *
 * @throws Error if Postgres refuses
 */
export async function ensureActionSchema(pool: AnyPostgresPool, options: ActionTableOptions): Promise<void> {
  const table = actionTable(options)
  const session = await databaseOf(pool).open()
  try {
    const [row] = await session.query('select (to_regclass($1) is not null)::text as exists', [table])
    if (row?.exists !== 'true') {
      // "if not exists" alone does not save two that create at the same moment from an error.
      await session.begin([`select pg_advisory_xact_lock(hashtextextended(${textLiteral(`schema of ${table}`)}, 0))`])
      const [schema, name] = table.split('.')
      const statements = actionSchemaSql({ table })
        .split(/;\n/)
        .filter((statement) => statement.trim() !== '')
      await session.commit(name === undefined ? statements : [`create schema if not exists ${schema}`, ...statements])
    }
    session.release()
  } finally {
    session.destroy()
  }
}
