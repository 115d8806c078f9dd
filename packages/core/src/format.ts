const MAX_MESSAGE_CHARS = 600
const MAX_CAUSES = 5
/** A chain of causes may be longer than the call stack. */
const MAX_VISITED = 100

/**
 * Formats a value for a message or a log line: strings and numbers as JSON, objects by their kind alone.
 *
 * @param value - Any value, trusted or not.
 * @param maxChars - Longer strings are cut. Default: 64.
 */
export function format(value: unknown, maxChars = 64): string {
  if (typeof value === 'string') return `"${escapeText(value, maxChars).replaceAll('"', '\\"')}"`
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number')
    return String(value)
  const kind = typeof value === 'object' ? kindOf(value) : typeof value
  return `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind === 'Object' || kind === 'Array' ? kind.toLowerCase() : kind}`
}

/** The kind of an object, in any realm: `Object`, `Array`, `Map`, `Promise`. */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

/**
 * Escapes text from outside to printable ASCII, because a line break or a terminal's escape sequence would forge log
 * lines.
 *
 * @param text - Any text.
 * @param maxChars - Longer text is cut and ends with `...`.
 */
export function escapeText(text: string, maxChars: number): string {
  const escaped = JSON.stringify(text.slice(0, maxChars))
    .slice(1, -1)
    // A quote forges nothing, and the messages of databases are full of them.
    .replace(/\\(["\\])/g, (pair, char) => (char === '"' ? char : pair))
    .replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return text.length > maxChars ? `${escaped}...` : escaped
}

/**
 * Formats whatever was thrown, with its chain of causes and aggregated errors, as one bounded line. Never throws.
 *
 * @param error - Any thrown value.
 * @param maxChars - The limit for each message of the chain. Default: 600.
 *
 * @example
 * ```ts
 * import { errorMessage } from '@kinde-billing/core/internal'
 *
 * errorMessage(new Error('fetch failed', { cause: new Error('ECONNREFUSED') })) // fetch failed (ECONNREFUSED)
 * ```
 */
export function errorMessage(error: unknown, maxChars: number = MAX_MESSAGE_CHARS): string {
  const messages = collectMessages(error, new Set(), [])
  const [first = 'unknown error', ...causes] = messages.map((message) => escapeText(message, maxChars))
  return causes.length === 0 ? first : `${first} (${causes.join('; ')})`
}

/** Depth first, each error once, at most {@link MAX_CAUSES} messages after the first. Repeated text is left out. */
function collectMessages(error: unknown, seen: Set<unknown>, messages: string[]): string[] {
  if (seen.has(error) || seen.size > MAX_VISITED || messages.length > MAX_CAUSES) return messages
  seen.add(error)
  const message = safely(() => ownMessage(error), 'unknown error')
  if (message !== '' && !messages.some((known) => known.includes(message))) messages.push(message)
  for (const cause of safely(() => getCauses(error), [])) collectMessages(cause, seen, messages)
  return messages
}

/** An error of any realm: in Jest, Node's own errors are of another one. */
function isError(value: unknown): value is Error {
  return value instanceof Error || kindOf(value) === 'Error'
}

function ownMessage(error: unknown): string {
  if (isError(error)) {
    const { message, name } = error
    const code: unknown = Reflect.get(error, 'code')
    // Node's AggregateError for a refused connection has an empty message, and only a code.
    return message === '' ? String(code ?? name) : withoutParameters(message, code)
  }
  if (typeof error === 'object' && error !== null) return describeObject(error)
  // The text of a function is its source.
  return typeof error === 'function' ? format(error) : String(error)
}

/** Applications also throw the `{ message, code }` of an API client, or a framework's response or redirect. */
function describeObject(thrown: object): string {
  const message: unknown = Reflect.get(thrown, 'message')
  if (typeof message === 'string' && message !== '') return message
  const text = String(thrown)
  if (!text.startsWith('[object ')) return text
  const status: unknown = Reflect.get(thrown, 'status')
  const kind = `a thrown ${thrown.constructor.name}`
  return typeof status === 'number' ? `${kind} with status ${status}` : kind
}

const QUERY =
  /^(?:\s|\(|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:insert|update|delete|merge|replace|select|with|call|truncate|alter|create|drop|set|do|exec|execute|explain)\s/is
const PRISMA_CALL = /^\s*(Invalid `[^`]*` invocation)/
/** Values in messages of Postgres (and its details), MySQL, MongoDB and SQL Server. */
const VALUES = [
  /(\)=)\(.*\)/s,
  /(Duplicate entry )'.*'(?= for key)/s,
  /(dup key: )\{.*\}/s,
  /(duplicate key value is )\(.*\)/s,
]
/** Class 22 of SQLSTATE: the message quotes a value that does not fit. */
const BAD_VALUE = /^22[0-9A-Z]{3}$/

/** Query builders and databases write the parameters of a failed query into its message, and they may be personal data. */
function withoutParameters(message: string, code: unknown): string {
  // Drizzle appends them.
  const index = message.search(/\s+params: /)
  if (index !== -1) return message.slice(0, index)
  // Prisma writes the code of the call, or its arguments, before the reason.
  const [, call] = PRISMA_CALL.exec(message) ?? []
  const reason = call === undefined ? withoutQuery(message, code) : `${call}: ${message.trimEnd().split('\n').at(-1)}`
  const known = VALUES.reduce((text, value) => text.replace(value, '$1...'), reason)
  return BAD_VALUE.test(String(code)) ? known.replace(/".*"/s, '"..."') : known
}

/** Knex and MikroORM put the query with its values before the message of the driver, whose errors have a code. */
function withoutQuery(message: string, code: unknown): string {
  const separator = code !== undefined && QUERY.test(message) ? message.lastIndexOf(' - ') : -1
  return separator === -1 ? message : message.slice(separator + 3)
}

/** The errors behind one; of an aggregate not more than are visited. */
function getCauses(error: unknown): unknown[] {
  if (typeof error !== 'object' || error === null) return []
  const errors: unknown = Reflect.get(error, 'errors')
  // A SuppressedError, which `using` throws, has no cause.
  const names = 'suppressed' in error ? ['error', 'suppressed'] : ['cause']
  const causes = names.map((name): unknown => Reflect.get(error, name)).filter((cause) => cause !== undefined)
  return [...(Array.isArray(errors) ? errors.slice(0, MAX_VISITED) : []), ...causes]
}

/**
 * The stack of a thrown error, for the log. The message in it is escaped and loses query parameters, as in
 * {@link errorMessage}.
 *
 * @param error - Any thrown value.
 * @returns The lines of the stack after the message, or an empty string if there are none.
 */
export function stackFrames(error: unknown): string {
  const stack = safely(() => (isError(error) ? withoutMessage(String(error.stack), error.message) : ''), '')
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 20)
    .map((line) => escapeText(line, 300))
    .join('\n')
}

/** A line of the message may look like a frame. */
function withoutMessage(stack: string, message: string): string {
  const index = stack.indexOf(message)
  return index === -1 ? stack : stack.slice(index + message.length)
}

/** Returns what `read` returns, or `fallback` if it throws: a Proxy or a getter may at any touch. */
export function safely<Value>(read: () => Value, fallback: Value): Value {
  try {
    return read()
  } catch {
    return fallback
  }
}
