import { assertKnownOptions } from '@kinde-billing/core/internal'
import { type ActionTableOptions, actionTable, ensureActionSchema } from './action-log-schema.js'
import { databaseOf, withSession } from './database.js'
import { parseLimit } from './page.js'
import type { AnyPostgresPool } from './pool.js'
import type { Rows } from './session.js'
import { storableText } from './sql-literals.js'
import { epochMs, readDate, readText } from './stored-delivery.js'

/** The options of {@link createActionLog}. */
export interface ActionLogOptions extends ActionTableOptions {
  /** A pool, or a PGlite. */
  pool: AnyPostgresPool
}

/** An action that begins. */
export interface NewAction {
  /** A random id, which no other action has. */
  readonly id: string
  /** The name of the operator, if it is known. */
  readonly actor: string | undefined
  /** The kind of action, such as `redeliver`. */
  readonly action: string
  /** The event or the customer. */
  readonly subject: string
}

/** An action in the log. */
export interface LoggedAction extends NewAction {
  /** When it began. */
  readonly at: Date
  /** Its result; `undefined` while it runs, and if the process died meanwhile. */
  readonly outcome: string | undefined
  /** The result in sentences, one a line. */
  readonly detail: string | undefined
}

/** One page of actions. */
export interface ActionPage {
  /** The actions, the newest first. */
  readonly actions: readonly LoggedAction[]
  /** Pass it as `after` to get the next page; `undefined` on the last one. */
  readonly next: string | undefined
}

/** A log of what operators did: who, what, when, and the result. */
export interface ActionLog {
  /** Creates the table, if it is missing. */
  ensureSchema(): Promise<void>
  /** Logs that an action begins. Returns `false`, and logs nothing, if the id has been used. */
  begin(action: NewAction): Promise<boolean>
  /** Logs the result of an action. */
  end(id: string, result: { readonly outcome: string; readonly detail: string }): Promise<void>
  /** Reads one action. */
  read(id: string): Promise<LoggedAction | undefined>
  /** Lists actions, the newest first, at most `limit` (50). An empty page if the table is missing. */
  list(options?: {
    subject?: string | undefined
    limit?: number | undefined
    after?: string | undefined
  }): Promise<ActionPage>
  /** Reads the secret that is kept with the log, or stores the given one if there is none. All processes get the same. */
  secret(fresh: string): Promise<string>
}

const MAX_TEXT = 4000
const SECRET_ID = 'secret'
const COLUMNS = `id, actor, action, subject, outcome, detail, ${epochMs('at')} as at`

/**
 * Creates a log of operators' actions, in a table of its own.
 *
 * @param options - the pool, and the table's name
 * @throws KindeWebhookError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { createActionLog } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * const { actions } = await createActionLog({ pool }).list()
 * for (const { at, actor, action, subject } of actions) console.log(at.toISOString(), actor, action, subject)
 * ```
 */
export function createActionLog(options: ActionLogOptions): ActionLog {
  assertKnownOptions('createActionLog', options, ['pool', 'table'])
  const { pool } = options
  databaseOf(pool)
  const table = actionTable(options)
  const query = (text: string, values: unknown[]) => withSession(pool, (session) => session.query(text, values))
  return {
    ensureSchema: () => ensureActionSchema(pool, options),
    async begin({ id, actor, action, subject }) {
      const rows = await query(
        `insert into ${table} (id, actor, action, subject) values ($1, $2, $3, $4) on conflict do nothing returning id`,
        [id, storable(actor) ?? null, storable(action), storable(subject)],
      )
      return rows.length === 1
    },
    async end(id, { outcome, detail }) {
      await query(`update ${table} set outcome = $2, detail = $3 where id = $1`, [
        id,
        storable(outcome),
        storable(detail),
      ])
    },
    async read(id) {
      if (id.includes('\0')) return undefined
      const rows = await query(`select ${COLUMNS} from ${table} where id = $1 and id <> '${SECRET_ID}'`, [id])
      return rows.map(readAction)[0]
    },
    async list({ subject, after, ...options } = {}) {
      const limit = parseLimit(options.limit)
      const [exists] = await query('select (to_regclass($1) is not null)::text as exists', [table])
      if (exists?.exists !== 'true') return { actions: [], next: undefined }
      const rows = await query(
        `select ${COLUMNS} from ${table}
         where id <> '${SECRET_ID}' and ($1::text is null or subject = $1)
           and ($2::text is null or (at, id) < (select last.at, last.id from ${table} as last where last.id = $2))
         order by at desc, id desc limit $3::integer`,
        [storable(subject) ?? null, storable(after) ?? null, limit + 1],
      )
      const actions = rows.slice(0, limit).map(readAction)
      return { actions, next: rows.length > limit ? actions.at(-1)?.id : undefined }
    },
    async secret(fresh) {
      await query(
        `insert into ${table} (id, action, subject, detail) values ('${SECRET_ID}', '', '', $1) on conflict do nothing`,
        [fresh],
      )
      const [row] = await query(`select detail from ${table} where id = '${SECRET_ID}'`, [])
      return String(row?.detail)
    },
  }
}

function readAction(row: Rows[number]): LoggedAction {
  const at = readDate(row.at)
  if (at === undefined) throw new Error('An action has no time')
  return {
    id: String(row.id),
    actor: readText(row.actor),
    action: String(row.action),
    subject: String(row.subject),
    at,
    outcome: readText(row.outcome),
    detail: readText(row.detail),
  }
}

/** Text that Postgres stores, bounded. */
function storable(text: string | undefined): string | undefined {
  return text && storableText(text.slice(0, MAX_TEXT))
}
