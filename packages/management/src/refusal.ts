import { escapeText } from '@kinde-billing/core/internal'
import * as v from 'valibot'

const Text = v.fallback(v.optional(v.string()), undefined)
const ApiError = v.object({ code: Text, message: Text })
/** Kinde's API answers `errors` as a list, and as an object for a 404. Its token endpoint answers as RFC 6749 says. */
const Refusal = v.object({
  error: Text,
  error_description: Text,
  errors: v.fallback(v.optional(v.union([v.array(ApiError), ApiError])), undefined),
})

const MAX_CHARS = 200

/**
 * Reads the reason out of a refusal, for a message.
 *
 * @param body The answer's body: JSON, HTML or anything else.
 * @returns ` ("CODE: message")`, escaped and bounded, or an empty string.
 */
export function describeRefusal(body: string): string {
  const { success, output } = v.safeParse(Refusal, parseJson(body))
  if (!success) return ''
  const errors = output.errors === undefined ? [] : [output.errors].flat()
  const reasons = [{ code: output.error, message: output.error_description }, ...errors]
    .map(({ code, message }) => [code, message].filter((text) => text !== undefined).join(': '))
    .filter((text) => text !== '')
  return reasons.length === 0 ? '' : ` ("${escapeText(reasons.join('; '), MAX_CHARS)}")`
}

/** Parses JSON; `undefined` for anything else. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
