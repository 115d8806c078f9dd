const DATE_FORM = /^(\d{4})-(\d\d)-(\d\d)((?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:[Zz]|[+-]\d\d(?::?\d\d)?))?)?)$/
const DAY_MS = 86_400_000

/**
 * Moves a date by whole days, in the very form it is written in: separator, fraction and offset stay, so that what was
 * midnight is midnight, and what could be read can be read.
 *
 * @returns undefined for text that is no date, and for a day that does not exist
 */
export function shiftDate(text: string, days: number): string | undefined {
  const [, year, month, day, rest] = DATE_FORM.exec(text) ?? []
  if (year === undefined || month === undefined || day === undefined) return undefined
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined
  const moved = new Date(date.getTime() + days * DAY_MS)
  // at the ends of time there is one way only
  const shifted = isFourDigits(moved) ? moved : new Date(date.getTime() - days * DAY_MS)
  return `${String(shifted.getUTCFullYear()).padStart(4, '0')}${shifted.toISOString().slice(-20, -14)}${rest}`
}

function isFourDigits(date: Date): boolean {
  return date.getUTCFullYear() >= 0 && date.getUTCFullYear() <= 9999
}
