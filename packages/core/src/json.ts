/** A JSON object: not an array, not null. */
export type JsonObject = Record<string, unknown>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An own member: inherited ones do not count. */
export function getOwn(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** A member that is a non-blank string. */
export function readText(from: JsonObject, name: string): string | undefined {
  const value = getOwn(from, name)
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

let utf8: TextDecoder | undefined

/**
 * Decodes strict UTF-8: invalid bytes are refused, not replaced. ignoreBOM keeps a byte order mark, which JSON.parse then
 * refuses. The decoder is created at the first use, because Jest's jsdom, which tests the pages of an application, has none.
 */
function decode(bytes: ArrayBufferView): string {
  utf8 ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return utf8.decode(bytes)
}

/** Decodes UTF-8, or returns `undefined` if the bytes are not UTF-8. */
export function decodeUtf8(bytes: ArrayBufferView): string | undefined {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
}

/** How deep a header or a payload may be nested. */
export const MAX_DEPTH = 64

/**
 * Parses a JSON object (RFC 8259: UTF-8, no byte order mark), or returns `undefined` if the bytes are not one, or it is
 * nested deeper than {@link MAX_DEPTH}.
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(decode(bytes))
    return isJsonObject(value) && !exceedsDepth(value, MAX_DEPTH) ? value : undefined
  } catch {
    return undefined
  }
}

/** Limits the nesting, because applications walk values by recursion, and deep nesting overflows their stack. */
function exceedsDepth(value: unknown, maxDepth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (maxDepth === 0) return true
  for (const name in value) if (exceedsDepth((value as JsonObject)[name], maxDepth - 1)) return true
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
