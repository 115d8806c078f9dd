/** Statements that begin or end a transaction; `rollback to` a savepoint does not. */
const TRANSACTION_CONTROL =
  /^(?:begin|start\s+transaction|commit|end|abort|prepare\s+transaction|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b))\b/i
const BEGIN =
  /^(?:begin(?:\s+(?:work|transaction))?|start\s+transaction)((?:\s|,|isolation level read committed|read write)*);?$/i
const COMMIT = /^(?:commit|end)(?:\s+(?:work|transaction))?\s*;?$/i
const ROLLBACK = /^(?:rollback|abort)(?:\s+(?:work|transaction))?\s*;?$/i
/** Comments and white space around a statement. Tracing tools add comments. */
const AROUND = /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)+|(?:\s|\/\*(?:[^*]|\*(?!\/))*\*\/)+$/g

/**
 * Turns the transactions of a query builder into savepoints of the inbox's transaction, which the inbox alone commits:
 * BEGIN becomes SAVEPOINT, COMMIT becomes RELEASE SAVEPOINT, ROLLBACK becomes ROLLBACK TO SAVEPOINT.
 *
 * @returns a function that takes each statement in turn and returns the one to run. It throws for a COMMIT or ROLLBACK
 * without a BEGIN, and for what a savepoint cannot do, such as another isolation level.
 */
export function createNestedTransactions(): (statement: string) => string {
  const open: string[] = []
  let count = 0
  return (statement) => {
    const bare = statement.length > MAX_CONTROL_CHARS ? statement.trimStart() : statement.replace(AROUND, '')
    if (!TRANSACTION_CONTROL.test(bare)) return statement
    if (BEGIN.test(bare)) {
      const name = `kinde_billing_nested_${++count}`
      open.push(name)
      return `savepoint ${name}`
    }
    const ends = COMMIT.test(bare) || ROLLBACK.test(bare)
    const name = ends ? open.pop() : undefined
    if (name === undefined) throw new Error(open.length > 0 || !ends ? unsupported(bare) : NOT_YOURS)
    return COMMIT.test(bare) ? `release savepoint ${name}` : `rollback to savepoint ${name}`
  }
}

/** Longer statements are not transaction control in any form that a savepoint could stand for. */
const MAX_CONTROL_CHARS = 1000

export const NOT_YOURS =
  "The transaction of delivery.tx is the inbox's: it commits your writes together with the mark. Throw to undo them; use BEGIN and COMMIT in pairs, or SAVEPOINT, for a part."

function unsupported(statement: string): string {
  return `${statement.slice(0, 60)} is not possible on delivery.tx: ${NOT_YOURS}`
}
