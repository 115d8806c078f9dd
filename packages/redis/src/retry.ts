const FIRST_DELAY_MS = 50
const MAX_DELAY_MS = 2000

/**
 * Calls `attempt` until it resolves. The second call follows the first at once: a connection that breaks takes its commands
 * with it, and clients keep what is sent after that until they are connected again. From then on the delays grow, up to
 * 2 s, until no time remains.
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
      await pause(Math.min(withJitter(delayMs), remaining))
      delayMs = Math.min(2 * delayMs, MAX_DELAY_MS)
    }
  }
}

/** Spreads the attempts of deliveries that failed at the same moment. */
function withJitter(delayMs: number): number {
  return delayMs * (0.5 + Math.random() / 2)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
