import type { BillingEvent } from '@kinde-billing/core'

/** An event's members and what they hold, in words, for people. What Kinde did not send is left out. */
export function eventLines(event: BillingEvent): [string, string][] {
  const { data: _data, claims: _claims, ...members } = event
  return Object.entries(members).flatMap(([name, value]) => linesOf(name, value))
}

function linesOf(name: string, value: unknown): [string, string][] {
  if (value === undefined) return []
  if (value instanceof Date) return [[name, value.toISOString()]]
  if (typeof value !== 'object' || value === null) return [[name, printable(String(value))]]
  return Object.entries(value).flatMap(([member, inner]) => linesOf(`${name}.${member}`, inner))
}

/** Text of a token on a terminal: no control characters, and not without end. */
export function printable(text: string, maxChars = 200): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars)}…` : text
  return cut.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
