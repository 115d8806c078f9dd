import { invalidConfiguration } from '@kinde-billing/core/internal'

/** The `limit` of a page. Default: 50. */
export function parseLimit(limit = 50): number {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= 1000) return limit
  throw invalidConfiguration('limit', limit, 'pass a whole number from 1 to 1000')
}

/** The position of a row in a list that is ordered by a time and a key. */
export type Position = readonly [time: string, key: string]

/** The SQL of a time as a {@link Position} has it: to the microsecond, which a `Date` would cut off. */
export const cursorTime = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** The time of rows that have none, which come last. */
export const NO_TIME = '-infinity'

const TIME = /^(?:-infinity|\d{4,6}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z)$/

/** The `next` of a page. */
export function encodeCursor(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/** Reads the `after` of a page. */
export function decodeCursor(after: string): Position {
  try {
    const position: unknown = JSON.parse(Buffer.from(after, 'base64url').toString())
    if (Array.isArray(position) && typeof position[0] === 'string' && typeof position[1] === 'string')
      if (TIME.test(position[0]) && !position[1].includes('\0')) return [position[0], position[1]]
  } catch {
    // Refused below.
  }
  throw invalidConfiguration('after', after, 'pass the next of the page before, unchanged')
}
