const INSTANT = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)$/
const DATE_ONLY = /^(\d{4})-(\d\d)-(\d\d)$/

/**
 * Parses a point in time as Kinde writes it: RFC 3339, section 5.6, with an offset, and the Postgres forms seen in real
 * payloads (a space for the `T`, `±hh`, `±hhmm`). Microseconds are cut to milliseconds.
 *
 * @returns `undefined` for anything else: a time without an offset is ambiguous, and a date that does not exist (30
 * February) is not rolled over as `Date.parse` does.
 */
export function parseTimestamp(value: unknown): Date | undefined {
  const match = typeof value === 'string' ? INSTANT.exec(value) : null
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = match
  if (Number(hour) > 23 || Number(minute) > 59 || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined
  const midnight = utcMidnight(Number(year), Number(month), Number(day))
  if (midnight === undefined) return undefined
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -1 : 1)
  const start = midnight + (Number(hour) * 60 + Number(minute) - offset) * 60_000
  if (!isSecond(Number(second), start)) return undefined
  return new Date(start + Number(second) * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0')))
}

/** Parses a date inside `data`: a timestamp, or a date without a time of day, which is midnight UTC. */
export function parseDate(value: unknown): Date | undefined {
  const match = typeof value === 'string' ? DATE_ONLY.exec(value) : null
  if (match === null) return parseTimestamp(value)
  const midnight = utcMidnight(Number(match[1]), Number(match[2]), Number(match[3]))
  return midnight === undefined ? undefined : new Date(midnight)
}

function utcMidnight(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day)
  // A day that does not exist lands in another month.
  return date.getUTCMonth() === month - 1 ? date.getTime() : undefined
}

/** RFC 3339 allows second 60, the leap second, at 23:59 UTC only. */
function isSecond(second: number, minuteStart: number): boolean {
  return second < 60 || (second === 60 && (minuteStart + 60_000) % 86_400_000 === 0)
}
