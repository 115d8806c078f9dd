import { createNestedTransactions, NOT_YOURS } from './nested-transactions.js'

/** Methods that would close the inbox's connection or undo its transaction. */
const FORBIDDEN_METHODS = new Set<PropertyKey>(['end', 'rollback'])

/** Methods whose first argument is SQL. */
const QUERY_METHODS = new Set<PropertyKey>(['query', 'exec', 'execute', 'unsafe'])

/**
 * Wraps the client for handlers: it behaves like the client, but refuses every call once `isOpen` returns false. A handler
 * that goes on after its end (a forgotten `await`, the rest of a `Promise.all`, a timeout) would otherwise write outside
 * the transaction, or into the next delivery's.
 */
export function guardClient<Client extends object>(client: Client, isOpen: () => boolean): Client {
  const nested = createNestedTransactions()
  const guarded: Client = new Proxy(client, {
    get(target, name) {
      // Query builders release the client that they were given; this one is returned by the inbox.
      if (name === 'release') return () => undefined
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function' || name === 'constructor') return value
      return (...args: unknown[]): unknown => {
        assertUsable(name, isOpen)
        if (QUERY_METHODS.has(name)) args[0] = rewrite(args[0], nested)
        const result: unknown = Reflect.apply(value, target, args)
        return result === target ? guarded : result
      }
    },
  })
  return guarded
}

function assertUsable(name: PropertyKey, isOpen: () => boolean): void {
  if (!isOpen())
    throw new Error(
      `delivery.tx.${String(name)}() was called after the handler had ended or its lease was over: nothing is written outside the transaction. Await everything that uses delivery.tx.`,
    )
  if (FORBIDDEN_METHODS.has(name)) throw new Error(NOT_YOURS)
}

/** The SQL of a query is a string, or the `text` of an object. */
function rewrite(statement: unknown, nested: (statement: string) => string): unknown {
  if (typeof statement === 'string') return nested(statement)
  if (typeof statement !== 'object' || statement === null || !('text' in statement)) return statement
  if (typeof statement.text !== 'string') return statement
  const text = nested(statement.text)
  if (text === statement.text) return statement
  // A prepared query object (pg's Query, a cursor) has taken its text already.
  if ('submit' in statement) throw new Error(NOT_YOURS)
  return { ...statement, text }
}
