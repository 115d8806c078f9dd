/** A clock that stands still until the simulation moves it. */
export interface SimulatedClock {
  /** The simulated time in epoch milliseconds. Pass it as `now` to the receivers under test. */
  now(): number
  /** Moves the clock forward. An earlier time is ignored. */
  advanceTo(epochMs: number): void
}

/**
 * Creates the clock that the simulation and the application under test share.
 *
 * @param startMs Start time in epoch milliseconds. Default: the current time.
 * @returns A clock that stands still until it is advanced.
 *
 * @example
 * ```ts
 * import { createWebHandler } from '@kinde-billing/core/receiver'
 * import { createSimulatedClock } from '@kinde-billing/testing/simulator'
 *
 * const clock = createSimulatedClock(Date.UTC(2026, 0, 1))
 * const handle = createWebHandler({ issuer: 'https://acme.kinde.com', now: clock.now, onEvent: () => {} })
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
