const INSTANT =
  /^(\d{4})-(0[1-9]|1[0-2])-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d{1,3})\d*)?(?:[Zz]|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)$/
const DATE_ONLY = /^\d{4}-\d\d-\d\d$/

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
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour = 0, offsetMinute = 0] = match
  const date = new Date(0)
  // Not Date.UTC, which takes the year 1 for 1901.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  if (date.getUTCDate() !== Number(day)) return undefined
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -1 : 1)
  date.setUTCHours(Number(hour), Number(minute) - offset, Number(second), Number(fraction.padEnd(3, '0')))
  // RFC 3339 allows second 60, the leap second, at 23:59 UTC only.
  const isMidnight = date.getUTCHours() === 0 && date.getUTCMinutes() === 0
  return second === '60' && !isMidnight ? undefined : date
}

/** Parses a date inside `data`: a timestamp, or a date without a time of day, which is midnight UTC. */
export function parseDate(value: unknown): Date | undefined {
  return parseTimestamp(typeof value === 'string' && DATE_ONLY.test(value) ? `${value}T00:00:00Z` : value)
}
