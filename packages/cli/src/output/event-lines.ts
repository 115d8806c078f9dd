import type { BillingEvent } from '@kinde-billing/core'

/** Lists an event's members with their values, for people. Members that Kinde did not send are left out. */
export function eventLines(event: BillingEvent): [string, string][] {
  const { data: _data, claims: _claims, ...members } = event
  return Object.entries(members).flatMap(([name, value]) => toLines(name, value))
}

function toLines(name: string, value: unknown): [string, string][] {
  if (value === undefined) return []
  if (value instanceof Date) return [[name, value.toISOString()]]
  if (typeof value !== 'object' || value === null) return [[name, printable(String(value))]]
  return Object.entries(value).flatMap(([member, inner]) => toLines(`${name}.${member}`, inner))
}

/** Makes text from outside safe to print: control and invisible characters are escaped, and the length is limited. */
export function printable(text: string, maxChars = 200): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars)}…` : text
  return cut.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    // beyond U+FFFF a character has two units, and JSON escapes both
    (char) =>
      char
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
  )
}
