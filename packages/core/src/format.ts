const MAX_MESSAGE_CHARS = 600
const MAX_CAUSES = 5

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
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
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
  if (seen.has(error) || messages.length > MAX_CAUSES) return messages
  seen.add(error)
  const message = ownMessage(error)
  if (message !== '' && !messages.some((known) => known.includes(message))) messages.push(message)
  for (const cause of causesOf(error)) collectMessages(cause, seen, messages)
  return messages
}

/** An error of any realm: in Jest, Node's own errors are of another one. */
function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
}

function ownMessage(error: unknown): string {
  try {
    if (!isError(error)) return String(error)
    const { message, name } = error
    // Node's AggregateError for a refused connection has an empty message, and only a code.
    const text = message === '' ? String(Reflect.get(error, 'code') ?? name) : message
    return withoutParameters(text)
  } catch {
    return 'unknown error'
  }
}

/** Drizzle appends the parameters of the failed query to its message: they may be personal data. */
function withoutParameters(message: string): string {
  const index = message.search(/\s+params: /)
  return index === -1 ? message : message.slice(0, index)
}

function causesOf(error: unknown): unknown[] {
  try {
    if (!isError(error)) return []
    const errors: unknown = Reflect.get(error, 'errors')
    return [...(Array.isArray(errors) ? errors : []), ...(error.cause === undefined ? [] : [error.cause])]
  } catch {
    return []
  }
}

/**
 * The stack of a thrown error, for the log. The message in it is escaped and loses query parameters, as in
 * {@link errorMessage}.
 *
 * @param error - Any thrown value.
 * @returns The lines of the stack after the message, or an empty string if there are none.
 */
export function stackFrames(error: unknown): string {
  try {
    const stack = isError(error) ? (error.stack ?? '') : ''
    return stack
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 20)
      .map((line) => escapeText(line, 300))
      .join('\n')
  } catch {
    return ''
  }
}
