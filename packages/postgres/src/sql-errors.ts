/** Postgres's name for a lock that was not given in time. */
export const LOCK_NOT_AVAILABLE = '55P03'

const UNDEFINED_TABLE = '42P01'
const FAILED_TRANSACTION = '25P02'
const NO_TRANSACTION = '25P01'
const NO_SUCH_SAVEPOINT = '3B001'

/** The five characters by which Postgres names an error, or undefined where it is none of Postgres's. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** An error at the first statement on the table: mostly that it was never created. */
export function explainedArrival(error: unknown, table: string): unknown {
  if (sqlState(error) !== UNDEFINED_TABLE) return error
  const mend = "Call ensureSchema(pool) at the start, or run the package's schema.sql, with the same name of the table."
  return new Error(`The inbox's table ${table} does not exist. ${mend}`, { cause: error })
}

/** An error at the statement that ends the handler's part: it says what the handler did before. */
export function explainedEnd(cause: unknown): unknown {
  switch (sqlState(cause)) {
    case FAILED_TRANSACTION:
      return new Error(
        'A statement of the handler failed, and the handler went on as if it had not: nothing was committed. Let the error through, or put the statement between SAVEPOINT and ROLLBACK TO SAVEPOINT.',
        { cause },
      )
    case NO_TRANSACTION:
    case NO_SUCH_SAVEPOINT:
      return new Error(
        "The handler has ended the inbox's transaction (COMMIT or ROLLBACK on delivery.tx): what it committed stands without a mark, and the event will be handled again. Leave the transaction to the inbox.",
        { cause },
      )
    default:
      return cause
  }
}
