import { type CheckResult, found, ok, unknown } from './finding.js'

const WARN_SECONDS = 60

/** Compares two clocks by the `Date` header of an answer, which counts whole seconds. */
export function checkClock(of: string, date: Date | undefined, now: number): CheckResult {
  const [id, title] = [`clock_${of}`, `clock of the ${of}`]
  if (date === undefined) return unknown(id, title, 'it sent no date')
  const seconds = Math.round((date.getTime() - now) / 1000)
  if (Math.abs(seconds) <= WARN_SECONDS) return ok(id, title, `${seconds} s from this machine's`)
  return found(
    id,
    title,
    `${seconds} s from this machine's`,
    'Synchronize both clocks: a receiver refuses events from more than 5 min in the future.',
  )
}
