const FIRST_DELAY_MS = 50
const MAX_DELAY_MS = 2000

/**
 * Calls `attempt` until it resolves: the second time at once, because an object that is moved or restarted fails the requests
 * under way and takes the next; then with growing delays, up to 2 s, until no time remains.
 *
 * @param remainingMs - How long further attempts make sense, from now. 0: no longer.
 * @returns What `attempt` resolves with.
 * @throws What the last attempt rejected with.
 */
export async function retry<Value>(attempt: () => Promise<Value>, remainingMs: () => number): Promise<Value> {
  let delayMs = FIRST_DELAY_MS
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await attempt()
    } catch (error) {
      if (isFirst) continue
      const remaining = remainingMs()
      if (remaining <= 0) throw error
      const pauseMs = Math.min(delayMs, remaining)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      delayMs = Math.min(2 * delayMs, MAX_DELAY_MS)
    }
  }
}
