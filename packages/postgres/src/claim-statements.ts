import { MAX_TIMER_MS } from '@kinde-billing/core/internal'
import type { StatementDefinition } from './prepared-statements.js'
import type { Rows } from './session.js'
import { textLiteral } from './sql-literals.js'

/** Settings that a handler may change, and that neither the mark nor the next user of the connection must depend on. */
export interface SessionSettings {
  /** An array of Postgres's: `lock_timeout`, `default_transaction_read_only`, and either limit before the claim and during it. */
  readonly words: string
  readonly role: string
  readonly searchPath: string
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
  text: `select concat_ws(' ', pg_try_advisory_xact_lock(hashtextextended($1, 0)), ${NO_SEQSCAN}, array[
      current_setting('lock_timeout'), current_setting('default_transaction_read_only'),
      current_setting('statement_timeout'), ${tighten('statement_timeout')},
      current_setting('idle_in_transaction_session_timeout'), ${tighten('idle_in_transaction_session_timeout')}]) as claimed,
    current_setting('role') as role, current_setting('search_path') as search_path`,
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
export function readClaimRow({ claimed, role, search_path }: Rows[number]): {
  isClaimed: boolean
  settings: SessionSettings
} {
  const text = String(claimed)
  const words = text.slice(text.indexOf('{'))
  return { isClaimed: text.startsWith('t'), settings: { words, role: String(role), searchPath: String(search_path) } }
}

/** One of {@link SessionSettings.words}; the cast is for messages that have the literal in place of the parameter. */
const word = (index: number): string => `($1::text[])[${index}]`

/**
 * Undoes what the handler has set: the mark and the next user of the connection would inherit it. Row by row, since what the
 * handler has set for good must not outlast it, and what it has set for the transaction must not bind the mark. Returns no
 * row.
 */
export const RESTORE: StatementDefinition = {
  types: ['text[]', 'text', 'text'],
  text: `select from (values ('lock_timeout', ${word(1)}, ${word(1)}, false), ('default_transaction_read_only', ${word(2)}, ${word(2)}, false),
      ('statement_timeout', ${word(4)}, ${word(3)}, false), ('statement_timeout', ${word(4)}, ${word(4)}, true),
      ('idle_in_transaction_session_timeout', ${word(6)}, ${word(5)}, false), ('idle_in_transaction_session_timeout', ${word(6)}, ${word(6)}, true),
      ('role', $2, $2, false), ('search_path', $3, $3, false)) as setting(name, expected, value, is_local)
    where case when current_setting(name) <> expected then set_config(name, value, is_local) is null end`,
}

/** The values of {@link RESTORE}. */
export const restoreValues = ({ words, role, searchPath }: SessionSettings): string[] =>
  [words, role, searchPath].map(textLiteral)
