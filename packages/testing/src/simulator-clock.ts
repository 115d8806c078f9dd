/** A clock that stands still until the simulation moves it. */
export interface SimulatedClock {
  /** The simulated time, in epoch milliseconds: the `now` of the receivers under test. */
  now(): number
  /** Moves the time on; it never goes back. */
  advanceTo(epochMs: number): void
}

/**
 * Makes the clock that the simulation and the application under test share.
 *
 * @param startMs Where it begins, in epoch milliseconds. Default: the present.
 *
 * @example
 * ```ts
 * import { createWebHandler } from '@kinde-billing/core/receiver'
 * import { createSimulatedClock } from '@kinde-billing/testing/simulator'
 *
 * const clock = createSimulatedClock(Date.UTC(2026, 0, 1))
 * const handle = createWebHandler({ issuer: 'https://acme.kinde.com', now: clock.now })
 * ```
 */
export function createSimulatedClock(startMs: number = Date.now()): SimulatedClock {
  let time = startMs
  return {
    now: () => time,
    advanceTo(epochMs) {
      time = Math.max(time, epochMs)
    },
  }
}
