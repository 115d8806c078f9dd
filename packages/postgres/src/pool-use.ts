import type { PostgresPool } from './pool.js'
import { createExhaustionWatch, readCounts } from './pool-exhaustion.js'
import type { HandlerSlot, HandlerSlots } from './session.js'

/** How the inboxes on one pool use its connections. */
export interface PoolUse extends HandlerSlots {
  /** Counts a connection that a delivery waits for, apart from those that the application waits for. */
  connecting<Value>(connect: () => Promise<Value>): Promise<Value>
}

const uses = new WeakMap<PostgresPool, PoolUse>()

/** Inboxes that share a pool share its slots. */
export function poolUse(pool: PostgresPool): PoolUse {
  const known = uses.get(pool) ?? createPoolUse(pool)
  uses.set(pool, known)
  return known
}

/**
 * Handlers never hold the last connection of a pool: a handler that asks the same pool then waits for a short step of
 * another delivery, and not for a handler that waits as well. In a pool of one, queries of the application go first.
 */
function createPoolUse(pool: PostgresPool): PoolUse {
  let connecting = 0
  const running = new Set<HandlerSlot>()
  const waiting = new Set<() => void>()
  const counts = () => readCounts(pool, connecting)
  const watch = createExhaustionWatch(counts)

  const tryTake = (): HandlerSlot | undefined => {
    if (running.size >= Math.max(1, counts().max - 1)) return undefined
    const slot: HandlerSlot = {
      watch,
      release() {
        running.delete(slot)
        const [next] = waiting
        next?.()
      },
    }
    running.add(slot)
    return slot
  }

  return {
    mustYield: () => counts().max === 1 && counts().applicationWaits,
    tryTake,
    take(signal) {
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(attempt)
          signal.removeEventListener('abort', abort)
        }
        const abort = (): void => {
          leave()
          reject(signal.reason)
        }
        const attempt = (): void => {
          const slot = tryTake()
          if (slot === undefined) return
          leave()
          resolve(slot)
        }
        waiting.add(attempt)
        signal.addEventListener('abort', abort)
        if (signal.aborted) abort()
        else attempt()
      })
    },
    async connecting(connect) {
      connecting += 1
      try {
        return await connect()
      } finally {
        connecting -= 1
      }
    },
  }
}
