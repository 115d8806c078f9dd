import type { Answer } from '../endpoint/send.js'

/** The endpoint limits the rate of requests, so a check could not be made. */
export class RateLimited extends Error {}

const MAX_WAIT_MS = 5000
const MAX_TOTAL_WAIT_MS = 20_000

/**
 * Creates a function that tells how long to wait after a 429.
 *
 * @throws RateLimited (the function) if the doctor has waited long enough
 */
export function createRateLimitWait(): (answer: Answer) => number {
  let totalMs = 0
  return ({ headers }) => {
    const seconds = Number(headers['retry-after'] ?? '1')
    const waitMs = Math.min(MAX_WAIT_MS, Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 1000)
    totalMs += waitMs
    if (totalMs > MAX_TOTAL_WAIT_MS) throw new RateLimited()
    return waitMs
  }
}
