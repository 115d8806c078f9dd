import { HandlerFault } from '@kinde-billing/core/receiver'

/** Postgres's code for a lock that was not granted in time. */
export const LOCK_NOT_AVAILABLE = '55P03'

const UNDEFINED_TABLE = '42P01'
const UNDEFINED_COLUMN = '42703'
const FAILED_TRANSACTION = '25P02'
const NO_TRANSACTION = '25P01'
const NO_SUCH_SAVEPOINT = '3B001'
const NO_SUCH_STATEMENT = '26000'
const IDLE_IN_TRANSACTION_TIMEOUT = '25P03'
const TRANSACTION_TIMEOUT = '25P04'
const QUERY_CANCELED = '57014'
const NOT_A_BOOLEAN = '22P02'

/** Begins the error of the mark's statement if the row is marked already: see `markStatement`. */
export const ALREADY_MARKED = 'kinde-billing: marked at'

/** Codes of a server that is unwell, or of a row that somebody else holds: not the handler's doing. */
const SERVER_ERRORS = /^(?:08|53|57|58|XX|55P03)/

/** The five characters by which Postgres names an error; `undefined` if the error is not one of Postgres's. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined
}

/** Explains an error of the first statement on the table: in most cases the table is missing or of an older version. */
export function explainMissingTable(error: unknown, table: string): unknown {
  const state = sqlState(error)
  const fix = "Call ensureSchema(pool) at the start, or run the package's schema.sql, with the same table name."
  if (state === UNDEFINED_TABLE) return new Error(`The inbox's table ${table} does not exist. ${fix}`, { cause: error })
  if (state === UNDEFINED_COLUMN)
    return new Error(`The inbox's table ${table} is of an older version. ${fix}`, { cause: error })
  return error
}

/** Explains why a connection broke: limits of the application's own end handlers that take longer. */
export function explainLost(cause: Error): Error {
  const state = sqlState(cause)
  if (state !== IDLE_IN_TRANSACTION_TIMEOUT && state !== TRANSACTION_TIMEOUT) return cause
  const setting = state === TRANSACTION_TIMEOUT ? 'transaction_timeout' : 'idle_in_transaction_session_timeout'
  return new HandlerFault(
    `Postgres has ended the handler's transaction (${setting}): nothing was committed. Put slow work into a queue, or raise the setting for this role.`,
    { cause },
  )
}

/** Explains an error at the end of the transaction, which in most cases is the handler's doing. */
export function explainEnd(cause: unknown): unknown {
  const state = sqlState(cause)
  if (state === QUERY_CANCELED)
    return new HandlerFault(
      "Postgres has cancelled the end of the handler's transaction (57014): nothing was committed. Raise the statement_timeout that the handler or the role sets.",
      { cause },
    )
  if (!(cause instanceof Error) || state === undefined || SERVER_ERRORS.test(state)) return cause
  if (state === NOT_A_BOOLEAN && cause.message.includes(ALREADY_MARKED))
    return new Error('The delivery cannot be marked: another statement has marked its row', { cause })
  if (state === FAILED_TRANSACTION)
    return new HandlerFault(
      'A statement of the handler failed, and the handler went on as if it had not: nothing was committed. Let the error through, or put the statement between SAVEPOINT and ROLLBACK TO SAVEPOINT.',
      { cause },
    )
  if (state === NO_SUCH_STATEMENT)
    return new HandlerFault(
      "The handler has discarded the connection's prepared statements, those of the inbox with them (DEALLOCATE ALL): nothing was committed. Deallocate your own by name.",
      { cause },
    )
  if (state === NO_TRANSACTION || state === NO_SUCH_SAVEPOINT)
    return new HandlerFault(
      "The handler has ended the inbox's transaction (COMMIT or ROLLBACK on delivery.tx): what it committed stands without a mark, and the event will be handled again. Leave the transaction to the inbox.",
      { cause },
    )
  return new HandlerFault(
    `Postgres refused to commit what the handler wrote (${state}), such as a deferred constraint: nothing was committed.`,
    { cause },
  )
}
