import { MAX_TIMER_MS } from '@kinde-billing/core/internal'
import type { StatementDefinition } from './prepared-statements.js'
import type { Rows } from './session.js'
import { textLiteral } from './sql-literals.js'

/** Limits of the server's, in the form that `current_setting` gives. */
export interface Limits {
  readonly idle: string
  readonly statement: string
}

/** Settings that a handler may change, and that neither the mark nor the next user of the connection must depend on. */
export interface SessionSettings {
  readonly searchPath: string
  readonly role: string
  readonly readOnly: string
  readonly lockTimeout: string
  /** The limits before the claim, and those that it has set; the same if they were tighter. */
  readonly before: Limits
  readonly during: Limits
}

/** Sets a limit, unless the application's own is tighter; `0` is none. */
const tighten = (setting: string): string => {
  const current = `current_setting('${setting}')`
  return `set_config('${setting}', case when ${current} = '0' or ${current}::interval > $3 then $2 else ${current} end, true)`
}

/**
 * Turns sequential scans off for the statement that follows the claim, which turns them {@link SEQSCAN_AGAIN back} as they
 * were. Not by a savepoint that is rolled back, which is two statements more.
 */
const NO_SEQSCAN = `set_config('kinde_billing.seqscan', current_setting('enable_seqscan'), true), set_config('enable_seqscan', 'off', true)`
export const SEQSCAN_AGAIN = `set_config('enable_seqscan', current_setting('kinde_billing.seqscan'), true)`

/**
 * An advisory lock: nothing waits for it, it needs no row, and it ends with the transaction, however that ends.
 *
 * A process that hangs, or that the network has cut off, keeps its transaction open on the server, and with it the claim. So
 * the server itself ends it when it has been idle, or busy with one statement, for the length of a lease and a little more
 * (a process that is well has closed the connection by then).
 */
export const CLAIM: StatementDefinition = {
  types: ['text', 'text', 'interval'],
  text: `select concat_ws(' ', pg_try_advisory_xact_lock(hashtextextended($1, 0)), current_setting('default_transaction_read_only'),
      current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'),
      ${tighten('statement_timeout')}, ${tighten('idle_in_transaction_session_timeout')},
      ${NO_SEQSCAN}) as claimed,
    current_setting('search_path') as search_path, current_setting('role') as role`,
}

/** The values of {@link CLAIM}. */
export function claimValues(lock: string, leaseMs: number): string[] {
  // Postgres's own limits end where timers do.
  const limitMs = Math.min(Math.ceil(leaseMs) + SERVER_GRACE_MS, MAX_TIMER_MS)
  const limit = textLiteral(`${limitMs}ms`)
  // The limit as text to set, and as an interval to compare with.
  return [textLiteral(lock), limit, limit]
}

const SERVER_GRACE_MS = 1000

/** Reads the row of {@link CLAIM}. */
export function readClaimRow(row: Rows[number]): { isClaimed: boolean; settings: SessionSettings } {
  const [claimed, readOnly = 'off', ...times] = String(row.claimed).split(' ')
  const [lockTimeout = '0', statement = '0', idle = '0', statementLimit = '0', idleLimit = '0'] = times
  return {
    isClaimed: claimed === 't',
    settings: {
      searchPath: String(row.search_path),
      role: String(row.role),
      readOnly,
      lockTimeout,
      before: { statement, idle },
      during: { statement: statementLimit, idle: idleLimit },
    },
  }
}

/**
 * Undoes what the handler has set: the mark and the next user of the connection would inherit it. Row by row, since what the
 * handler has set for good must not outlast it, and what it has set for the transaction must not bind the mark. Returns what
 * it has set, which is nothing as a rule.
 */
export const RESTORE: StatementDefinition = {
  types: ['text', 'text', 'text', 'text', 'text', 'text', 'text', 'text'],
  text: `select set_config(name, value, is_local) from (values
      ('statement_timeout', $1, $2, false), ('statement_timeout', $1, $1, true),
      ('idle_in_transaction_session_timeout', $3, $4, false), ('idle_in_transaction_session_timeout', $3, $3, true),
      ('lock_timeout', $5, $5, false), ('default_transaction_read_only', $6, $6, false),
      ('role', $7, $7, false), ('search_path', $8, $8, false)
    ) as setting(name, expected, value, is_local) where current_setting(name) <> expected`,
}

/** The values of {@link RESTORE}. */
export function restoreValues({ before, during, lockTimeout, readOnly, role, searchPath }: SessionSettings): string[] {
  const limits = [during.statement, before.statement, during.idle, before.idle]
  return [...limits, lockTimeout, readOnly, role, searchPath].map(textLiteral)
}
