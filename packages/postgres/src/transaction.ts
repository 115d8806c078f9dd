/** The statements that begin or end a transaction; `rollback to` a savepoint is none. */
const TRANSACTION_CONTROL =
  /^\s*(?:begin|start\s+transaction|commit|end|abort|prepare\s+transaction|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b))\b/i

/** Methods that would close the inbox's connection or undo its transaction. */
const INBOXES_OWN = new Set<PropertyKey>(['end', 'rollback'])

/**
 * The client as handlers get it: the same object to look at, but of use only while `isOpen`. A handler that goes on after
 * its end (a forgotten `await`, the rest of a `Promise.all`, a timeout) would otherwise write outside the transaction, or
 * into the next delivery's.
 */
export function lendClient<Client extends object>(client: Client, isOpen: () => boolean): Client {
  const lent: Client = new Proxy(client, {
    get(target, name) {
      // Query builders release what they were lent; this one the inbox gives back.
      if (name === 'release') return () => undefined
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function' || name === 'constructor') return value
      return (...args: unknown[]): unknown => {
        judgeUse(name, args[0], isOpen)
        const result: unknown = Reflect.apply(value, target, args)
        return result === target ? lent : result
      }
    },
  })
  return lent
}

function judgeUse(name: PropertyKey, statement: unknown, isOpen: () => boolean): void {
  if (!isOpen())
    throw new Error(
      `delivery.tx.${String(name)}() was called after the handler had ended or its lease was over: nothing is written outside the transaction. Await everything that uses delivery.tx.`,
    )
  if (INBOXES_OWN.has(name) || TRANSACTION_CONTROL.test(textOf(statement)))
    throw new Error(
      "The transaction of delivery.tx is the inbox's: it commits your writes together with the mark. Throw to undo them; use SAVEPOINT for a part.",
    )
}

/** The SQL of a query, which comes as text or as an object that holds it. */
function textOf(statement: unknown): string {
  if (typeof statement === 'string') return statement
  if (typeof statement !== 'object' || statement === null || !('text' in statement)) return ''
  return typeof statement.text === 'string' ? statement.text : ''
}
