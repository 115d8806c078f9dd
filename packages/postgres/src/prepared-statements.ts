import { createHash } from 'node:crypto'
import type { PostgresClient } from './pool.js'

/** SQL, or a call of a statement that the connection may have prepared. */
export type Statement = string | PreparedCall

/** A statement with its values as literals, for `$1` and so on. */
export interface PreparedCall {
  readonly group: PreparedGroup
  readonly name: string
  readonly text: string
  readonly values: readonly string[]
}

/** A statement whose parameters have these types. */
export interface StatementDefinition {
  readonly types: readonly string[]
  readonly text: string
}

/** Statements that a connection prepares together, in one message: `prepare` by the name of each. */
export type PreparedGroup = ReadonlyMap<string, string>

/** The names that each connection has prepared; inboxes on one pool share them. */
const preparedNames = new WeakMap<PostgresClient, Set<string>>()

/** Connections on which statements are sent in full. */
const unpreparedClients = new WeakSet<PostgresClient>()

/**
 * Creates statements that Postgres parses and plans once for each connection, which halves what it has to compute for a
 * delivery. They are prepared in SQL, and not by the protocol, so that several still travel in one message.
 *
 * @returns a function for each statement, which takes the literals of its parameters
 */
export function prepareGroup<Name extends string>(
  definitions: Record<Name, StatementDefinition>,
): Record<Name, (...values: string[]) => PreparedCall> {
  const group = new Map<string, string>()
  const calls = {} as Record<Name, (...values: string[]) => PreparedCall>
  for (const key in definitions) {
    const { types, text } = definitions[key]
    // Behind a pooler, the connection may have been another release's, or another inbox's: equal names are equal texts.
    const name = `kinde_billing_${key}_${createHash('sha256').update(`${types} ${text}`).digest('hex').slice(0, 16)}`
    group.set(name, `prepare ${name}(${types.join(', ')}) as ${text}`)
    calls[key] = (...values) => ({ group, name, text, values })
  }
  return calls
}

/** A message of several statements. */
export interface Message {
  readonly sql: readonly string[]
  /** Removes the results of what the message prepares. */
  withoutPrepare<Result>(results: readonly Result[]): readonly Result[]
  /** Notes how the message ended. Returns true if the same statements can succeed in another form. */
  settle(error?: unknown): boolean
}

/**
 * Writes a message for a connection. The statements are called if the connection has prepared them; `mayPrepare` allows the
 * message to do so. If the server does not know them when they are called, or knows them before they were prepared, a pooler
 * has handed out another connection, or the application has discarded them: from then on they are sent in full.
 */
export function writeMessage(client: PostgresClient, statements: readonly Statement[], mayPrepare: boolean): Message {
  const at = statements.findIndex((statement) => typeof statement !== 'string')
  const first = statements[at]
  const group: PreparedGroup = typeof first === 'object' ? first.group : new Map()
  const known = preparedNames.get(client) ?? new Set()
  const missing = [...group].filter(([name]) => !known.has(name))
  const isCalled = !unpreparedClients.has(client) && (mayPrepare || missing.length === 0)
  const prepare = isCalled ? missing.map(([, sql]) => sql) : []
  return {
    sql: statements.map(isCalled ? call : inline).toSpliced(at, 0, ...prepare),
    withoutPrepare: (results) => results.toSpliced(at, prepare.length),
    settle(error) {
      const isMismatch = isCalled && isPreparedError(error)
      if (isMismatch || (error !== undefined && prepare.length > 0)) unpreparedClients.add(client)
      else if (prepare.length > 0) preparedNames.set(client, new Set([...known, ...group.keys()]))
      return isMismatch
    },
  }
}

/** The statement with its values in the text. */
export function inline(statement: string | Pick<PreparedCall, 'text' | 'values'>): string {
  if (typeof statement === 'string') return statement
  return statement.text.replace(/\$(\d+)/g, (parameter, index) => statement.values[index - 1] ?? parameter)
}

function call(statement: Statement): string {
  if (typeof statement === 'string') return statement
  const { name, values } = statement
  return `execute ${name}${values.length > 0 ? `(${values.join(', ')})` : ''}`
}

/** The server does not know a prepared statement, or knows one of this name already. */
function isPreparedError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '26000' || error.code === '42P05')
}
