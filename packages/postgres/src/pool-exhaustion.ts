import type { PostgresPool } from './pool.js'

/** The state of a pool's connections, as far as the pool tells. */
export interface PoolCounts {
  /** The most connections the pool opens; `Infinity` if it does not say. */
  readonly max: number
  /** True if every connection is in use and a query of the application waits for one. */
  readonly applicationWaits: boolean
}

/** `pg` counts everything that waits for a connection: `deliveries` of them are the inbox's own. */
export function readCounts(pool: PostgresPool, deliveries: number): PoolCounts {
  const { waitingCount = 0, totalCount = 0, idleCount = 0 } = pool
  const max = pool.options?.max ?? Number.POSITIVE_INFINITY
  return { max, applicationWaits: waitingCount > deliveries && idleCount === 0 && totalCount >= max }
}

interface RunningAttempt {
  readonly answered: AbortSignal
  readonly end: (reason: Error) => void
}

const CHECK_EVERY_MS = 1000
const MIN_MS_BETWEEN_LOGS = 60_000

/**
 * Watches a pool while handlers hold connections of it. If queries of the application wait, it says so in the log and ends
 * the attempts whose response is out, which nothing is gained by waiting for.
 *
 * @returns `watch(answered, end)`, which adds an attempt and returns the function that removes it
 */
export function createExhaustionWatch(
  counts: () => PoolCounts,
): (answered: AbortSignal, end: (reason: Error) => void) => () => void {
  const running = new Set<RunningAttempt>()
  let timer: ReturnType<typeof setInterval> | undefined
  let wasExhausted = false
  let loggedAt = Number.NEGATIVE_INFINITY

  const log = (): void => {
    if (performance.now() - loggedAt < MIN_MS_BETWEEN_LOGS) return
    loggedAt = performance.now()
    console.warn(exhaustionMessage(counts().max, running.size))
  }
  const endAnswered = (): void => {
    const answered = counts().applicationWaits ? [...running].filter(({ answered }) => answered.aborted) : []
    if (answered.length > 0) log()
    for (const { end } of answered)
      end(new Error('The response is out, and queries of the application wait for this connection of the pool'))
  }
  const check = (): void => {
    const isExhausted = counts().applicationWaits
    // Twice in a row: a pool may well be full for a moment.
    if (isExhausted && wasExhausted) log()
    wasExhausted = isExhausted
    endAnswered()
  }

  return (answered, end) => {
    const attempt = { answered, end }
    running.add(attempt)
    answered.addEventListener('abort', endAnswered, { once: true })
    timer ??= setInterval(check, CHECK_EVERY_MS)
    return () => {
      running.delete(attempt)
      answered.removeEventListener('abort', endAnswered)
      if (running.size > 0) return
      clearInterval(timer)
      timer = undefined
      wasExhausted = false
    }
  }
}

const exhaustionMessage = (max: number, handlers: number): string =>
  `[kinde-billing] Queries wait for a connection of the inbox's pool: all ${max} are in use, ${handlers} of them by handlers. ` +
  "Let handlers query through delivery.tx, give the inbox a separate pool, or raise the pool's max above the number of handlers at once."
