/**
 * A value from outside, in words that may stand in a message or a log: a string or number as JSON, printable ASCII only
 * (a line break or a terminal's escape sequence would forge log lines) and capped; an object by its kind alone.
 */
export function quote(value: unknown, maxChars = 64): string {
  if (typeof value === 'string') return `"${printable(value, maxChars)}"`
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number')
    return String(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** The inside of {@link quote}, for text that needs no quotation marks. */
export function printable(text: string, maxChars: number): string {
  const escaped = JSON.stringify(text.slice(0, maxChars))
    .slice(1, -1)
    .replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return text.length > maxChars ? `${escaped}...` : escaped
}

/** What an unknown value that was thrown says of itself. Total: a hostile or odd one must not fail whoever reports it. */
export function reasonOf(error: unknown, maxChars: number): string {
  try {
    return printable(String(error instanceof Error ? error.message : error), maxChars)
  } catch {
    return 'a value that cannot be put into words'
  }
}
