import { setTimeout as wait } from 'node:timers/promises'

/** Returns a function whose calls resolve at most `perSecond` times a second, or at once when the signal is aborted. */
export function createPace(perSecond: number): (signal: AbortSignal | undefined) => Promise<void> {
  const everyMs = 1000 / perSecond
  let nextAt = Number.NEGATIVE_INFINITY
  return async (signal) => {
    const now = performance.now()
    const at = Math.max(now, nextAt)
    nextAt = at + everyMs
    if (at > now) await wait(at - now, undefined, signal && { signal }).catch(() => {})
  }
}
