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
const tighten = (setting: string, limit: string): string => {
  const current = `current_setting('${setting}')`
  return `set_config('${setting}', case when ${current} = '0' or ${current}::interval > ${limit}::interval then ${limit} else ${current} end, true)`
}

/**
 * An advisory lock: nothing waits for it, it needs no row, and it ends with the transaction, however that ends.
 *
 * A process that hangs, or that the network has cut off, keeps its transaction open on the server, and with it the claim. So
 * the server itself ends it when it has been idle, or busy with one statement, for the length of a lease and a little more
 * (a process that is well has closed the connection by then).
 */
export const CLAIM: StatementDefinition = {
  types: ['text', 'text'],
  text: `select concat_ws(' ', pg_try_advisory_xact_lock(hashtextextended($1, 0)), current_setting('default_transaction_read_only'),
      current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'),
      ${tighten('statement_timeout', '$2')}, ${tighten('idle_in_transaction_session_timeout', '$2')}) as claimed,
    current_setting('search_path') as search_path, current_setting('role') as role`,
}

/** The values of {@link CLAIM}. */
export function claimValues(lock: string, leaseMs: number): string[] {
  // Postgres's own limits end where timers do.
  const limitMs = Math.min(Math.ceil(leaseMs) + SERVER_GRACE_MS, MAX_TIMER_MS)
  return [textLiteral(lock), textLiteral(`${limitMs}ms`)]
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

const restore = (setting: string, value: string, before = value): string => {
  // What the handler has set for good must not outlast it, and what it has set for the transaction must not bind the mark.
  const again = value === before ? '' : ` || set_config('${setting}', ${value}, true)`
  return `case when current_setting('${setting}') <> ${value} then set_config('${setting}', ${before}, false)${again} end`
}

/** Undoes what the handler has set: the mark and the next user of the connection would inherit it. Returns no row. */
export const RESTORE: StatementDefinition = {
  types: ['text', 'text', 'text', 'text', 'text', 'text', 'text', 'text'],
  text: `select where concat(${restore('statement_timeout', '$1', '$2')}, ${restore('idle_in_transaction_session_timeout', '$3', '$4')},
    ${restore('lock_timeout', '$5')}, ${restore('default_transaction_read_only', '$6')},
    ${restore('role', '$7')}, ${restore('search_path', '$8')}) is null`,
}

/** The values of {@link RESTORE}. */
export function restoreValues({ before, during, lockTimeout, readOnly, role, searchPath }: SessionSettings): string[] {
  const limits = [during.statement, before.statement, during.idle, before.idle]
  return [...limits, lockTimeout, readOnly, role, searchPath].map(textLiteral)
}
