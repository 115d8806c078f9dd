import { type Html, html } from '../html.js'

const STEPS = [
  [60, 's'],
  [60, 'min'],
  [24, 'h'],
  [Number.POSITIVE_INFINITY, 'd'],
] as const

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A moment, relative to the present and absolute in UTC. The script keeps the relative part up to date. */
export function timeOf(date: Date | undefined, now: number): Html {
  if (date === undefined) return html`<span class="none">never</span>`
  return html`<time datetime="${date.toISOString()}" title="${date.toUTCString()}"><span class="rel">${relative(date, now)}</span> <span class="abs">${absolute(date, now)}</span></time>`
}

/** A moment that may lie in the future, such as a date of an invoice, or a dash. */
export function dateOf(date: Date | undefined, now: number): Html {
  return date === undefined ? html`<span class="none">–</span>` : timeOf(date, now)
}

/** Such as `3 min ago` or `in 2 h`. */
export function relative(date: Date, now: number): string {
  const difference = date.getTime() - now
  let amount = Math.abs(difference) / 1000
  if (amount < 10) return 'just now'
  for (const [size, unit] of STEPS) {
    if (amount < size) return difference < 0 ? `${Math.floor(amount)} ${unit} ago` : `in ${Math.floor(amount)} ${unit}`
    amount /= size
  }
  return ''
}

/** Such as `25 Nov 19:28:05`, with the year if it is another one. UTC. */
export function absolute(date: Date, now: number): string {
  const year = date.getUTCFullYear() === new Date(now).getUTCFullYear() ? '' : ` ${date.getUTCFullYear()}`
  // A date of Kinde's, such as that of an invoice, is midnight.
  const time = date.getTime() % 86_400_000 === 0 ? '' : ` ${date.toISOString().slice(-13, -5)}`
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}${year}${time}`
}
