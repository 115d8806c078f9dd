/** A JSON object: not an array, not null. */
export type JsonObject = Record<string, unknown>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An own member: inherited ones do not count. */
export function getOwn(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

// Fatal: invalid UTF-8 is refused, not replaced. ignoreBOM keeps a byte order mark, which JSON.parse then refuses.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes UTF-8, or returns `undefined` if the bytes are not UTF-8. */
export function decodeUtf8(bytes: ArrayBufferView): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Parses a JSON object (RFC 8259: UTF-8, no byte order mark), or returns `undefined` if the bytes are not one. */
export function parseJsonObject(bytes: Uint8Array, maxDepth: number): JsonObject | undefined {
  const text = decodeUtf8(bytes)
  if (text === undefined || exceedsDepth(text, maxDepth)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const [QUOTE, BACKSLASH, BRACE, END_BRACE, BRACKET, END_BRACKET] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d]

/**
 * Counts the nesting of JSON text before anything is built from it: applications walk values by recursion, and deep
 * nesting overflows their stack.
 */
function exceedsDepth(text: string, maxDepth: number): boolean {
  // Most texts have so few brackets that they cannot nest too deep in any order.
  if (text.split('{', maxDepth + 2).length + text.split('[', maxDepth + 2).length <= maxDepth + 2) return false
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) inString = !inString
    else if (code === BACKSLASH) index++
    else if (inString) continue
    else if (code === BRACE || code === BRACKET) {
      if (++depth > maxDepth) return true
    } else if (code === END_BRACE || code === END_BRACKET) depth--
  }
  return false
}

const UNSAFE_CHARS = /[\p{Cc}\p{Cs}\u2028\u2029]/u

/**
 * True for a non-blank string that is safe to store, compare and log: well-formed UTF-16 without control characters and
 * line separators.
 */
export function isSafeString(value: unknown, maxChars: number): value is string {
  return typeof value === 'string' && value.length <= maxChars && value.trim() !== '' && !UNSAFE_CHARS.test(value)
}
