import { setTimeout as wait } from 'node:timers/promises'
import { assertKnownOptions } from '@kinde-billing/core/internal'
import { databaseOf } from './database.js'
import type { AnyPostgresPool } from './pool.js'
import { SCHEMA_VERSION, schemaSql } from './schema.js'
import type { Session } from './session.js'
import { LOCK_NOT_AVAILABLE, sqlState } from './sql-errors.js'
import { textLiteral } from './sql-literals.js'
import { type TableOptions, tableName } from './table-name.js'

/** An upgrade waits this long for the table, so that deliveries queue behind it for no longer. */
const TABLE_LOCK_TIMEOUT_MS = 200
const UPGRADE_ATTEMPTS = 60
const PAUSE_MS = 1000

const SYNTAX_ERROR = '42601'

/**
 * Creates the inbox's table, and its schema if that is missing, or brings an older table up to date. Call it at every
 * start, from any number of processes: if the table is up to date, nothing is done and no privilege to create is needed.
 * Upgrades only add to the table, and processes of an older release keep working beside it.
 *
 * @param pool - a pool or a PGlite
 * @param options.table - the table's name
 * @throws KindeWebhookError `invalid_configuration`
 * @throws Error if Postgres refuses, with its error as the cause
 *
 * @example
 * ```ts
 * import { ensureSchema } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * await ensureSchema(pool)
 * ```
 */
export async function ensureSchema(pool: AnyPostgresPool, options: TableOptions = {}): Promise<void> {
  assertKnownOptions('ensureSchema', options, ['table'])
  const table = tableName(options)
  const database = databaseOf(pool)
  for (let attempt = 1; ; attempt += 1) {
    const session = await database.open()
    try {
      await upgrade(session, table)
      session.release()
      return
    } catch (error) {
      // Handlers that run hold the table: they go first.
      if (sqlState(error) !== LOCK_NOT_AVAILABLE || attempt === UPGRADE_ATTEMPTS) throw explainSchema(error, table)
    } finally {
      session.destroy()
    }
    await wait(PAUSE_MS)
  }
}

async function upgrade(session: Session, table: string): Promise<void> {
  if ((await readVersion(session, table)) === SCHEMA_VERSION) return
  await session.begin([
    // "if not exists" alone does not save two that create at the same moment from an error.
    `select pg_advisory_xact_lock(hashtextextended(${textLiteral(`schema of ${table}`)}, 0))`,
    `set local lock_timeout = ${TABLE_LOCK_TIMEOUT_MS}`,
  ])
  const version = await readVersion(session, table)
  const statements = version === SCHEMA_VERSION ? [] : splitStatements(schemaSql({ table, from: version }))
  const [schema] = table.includes('.') ? table.split('.') : []
  if (version === 0 && schema !== undefined && !(await schemaExists(session, schema)))
    statements.unshift(`create schema if not exists ${schema}`)
  await session.commit(statements)
}

/** 0 if there is no table. */
async function readVersion(session: Session, table: string): Promise<number> {
  const [row] = await session.query(
    `select (to_regclass($1) is not null)::text as exists, (select count(*) from pg_attribute
       where attrelid = to_regclass($1) and attname = 'redelivered_at' and not attisdropped)::text as added`,
    [table],
  )
  if (row?.exists !== 'true') return 0
  return row.added === '1' ? 2 : 1
}

async function schemaExists(session: Session, schema: string): Promise<boolean> {
  return (await session.query('select 1 where to_regnamespace($1) is not null', [schema])).length > 0
}

function splitStatements(sql: string): string[] {
  return sql.split(/;\n/).filter((statement) => statement.trim() !== '')
}

function explainSchema(cause: unknown, table: string): unknown {
  const state = sqlState(cause)
  if (state === LOCK_NOT_AVAILABLE)
    return new Error(
      `The table ${table} cannot be upgraded: transactions held it all the time. Run the SQL of schemaSql({ from: 1 }) in a quiet moment.`,
      { cause },
    )
  if (state === SYNTAX_ERROR)
    return new Error(
      `The table's name ${table} holds a word that SQL reserves. Choose another name, such as billing_${table.replace('.', '_')}.`,
      {
        cause,
      },
    )
  // insufficient_privilege, which includes "must be owner of table"
  if (state === '42501')
    return new Error(
      `This database role may not create or alter the table ${table}: ${cause instanceof Error ? cause.message : ''}. Run the SQL of schemaSql() as the owner, or grant CREATE on the schema.`,
      { cause },
    )
  return cause
}
