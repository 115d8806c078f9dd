const INSTANT =
  /^(\d{4}-(?:0[1-9]|1[0-2])-\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d+)?(?:[Zz]|([+-](?:[01]\d|2[0-3]))(?::?([0-5]\d))?)$/
const DATE_ONLY = /^\d{4}-(?:0[1-9]|1[0-2])-\d\d$/

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
  const [, date = '', hour, minute, second, fraction = '', offsetHour = '+00', offsetMinute = 0] = match
  const midnight = utcMidnight(date)
  if (midnight === undefined) return undefined
  const offset = Number(offsetHour) * 60 + Number(`${offsetHour[0]}${offsetMinute}`)
  const start = midnight + (Number(hour) * 60 + Number(minute) - offset) * 60_000
  // RFC 3339 allows second 60, the leap second, at 23:59 UTC only.
  if (second === '60' && (start + 60_000) % 86_400_000 !== 0) return undefined
  return new Date(start + Number(second) * 1000 + Number(fraction.slice(1, 4).padEnd(3, '0')))
}

/** Parses a date inside `data`: a timestamp, or a date without a time of day, which is midnight UTC. */
export function parseDate(value: unknown): Date | undefined {
  if (typeof value !== 'string' || !DATE_ONLY.test(value)) return parseTimestamp(value)
  const midnight = utcMidnight(value)
  return midnight === undefined ? undefined : new Date(midnight)
}

/** A date alone is midnight UTC (ECMA-262). Runtimes roll days that do not exist over, or refuse them. */
function utcMidnight(date: string): number | undefined {
  const midnight = new Date(date)
  return midnight.getUTCDate() === Number(date.slice(8)) ? midnight.getTime() : undefined
}
