import { createAgenda } from './agenda.js'
import { KINDE_ATTEMPTS_MS } from './schedule.js'

/** A delivery that is attempted at `firstAtMs` plus each of `attemptsMs`, until Kinde sees a 200. */
export interface ScheduledDelivery {
  /** Time of the first attempt, in milliseconds of Kinde's time after the start. */
  readonly firstAtMs: number
  /** Times of the attempts, in milliseconds after the first one, ascending. Default: `KINDE_ATTEMPTS_MS`. */
  readonly attemptsMs?: readonly number[] | undefined
}

/** The status that Kinde saw, of one attempt. */
export interface AttemptResult<Delivery extends ScheduledDelivery> {
  /** The delivery that was attempted. */
  readonly delivery: Delivery
  /** Status of the response; `undefined` if none arrived. */
  readonly status: number | undefined
}

/** Makes the attempts of a schedule. */
export interface ScheduleRunner<Delivery extends ScheduledDelivery> {
  /**
   * Moves Kinde's time forward before the attempts that are due then: a simulated clock jumps, a command that plays the
   * schedule faster waits for a share of the difference.
   */
  advanceTo(atMs: number): void | Promise<void>
  /**
   * Makes the attempts that are due at the same time. Kinde's time stands still meanwhile.
   *
   * @param due Deliveries in the order in which they were scheduled.
   * @param atMs The time, in milliseconds after the start.
   * @param add Schedules a further delivery.
   * @returns A result for each attempt. A delivery without a result is not attempted again.
   */
  attempt(
    due: readonly Delivery[],
    atMs: number,
    add: (delivery: Delivery) => void,
  ): Promise<readonly AttemptResult<Delivery>[]>
}

/**
 * Attempts deliveries on Kinde's schedule: only a 200 ends one, everything else is tried again until the schedule is over. A
 * `Retry-After` header changes nothing.
 *
 * @param deliveries Deliveries with the time of their first attempt.
 * @param runner Moves the time and makes the attempts.
 * @returns Time of the last attempt, in milliseconds after the start.
 *
 * @example
 * ```ts
 * import { deliverOnSchedule } from '@kinde-billing/testing/simulator'
 *
 * const statuses = [503, 503, 200]
 * const lastMs = await deliverOnSchedule([{ firstAtMs: 0 }], {
 *   advanceTo: () => {},
 *   attempt: async (due) => due.map((delivery) => ({ delivery, status: statuses.shift() })),
 * })
 * console.log(lastMs === 30_000)
 * ```
 */
export async function deliverOnSchedule<Delivery extends ScheduledDelivery>(
  deliveries: readonly Delivery[],
  runner: ScheduleRunner<Delivery>,
): Promise<number> {
  const agenda = createAgenda<Delivery>()
  const attempts = new Map<Delivery, number>()
  const add = (delivery: Delivery): void => agenda.add(delivery.firstAtMs, delivery)
  for (const delivery of deliveries) add(delivery)

  let lastMs = 0
  for (let due = agenda.takeNext(); due !== undefined; due = agenda.takeNext()) {
    const { atMs, items } = due
    lastMs = atMs
    await runner.advanceTo(atMs)
    for (const { delivery, status } of await runner.attempt(items, atMs, add)) {
      const { firstAtMs, attemptsMs = KINDE_ATTEMPTS_MS } = delivery
      const made = (attempts.get(delivery) ?? 0) + 1
      attempts.set(delivery, made)
      const nextMs = attemptsMs[made]
      if (!isDelivered(status) && nextMs !== undefined) agenda.add(firstAtMs + nextMs, delivery)
    }
  }
  return lastMs
}

/**
 * Checks that Kinde counts an attempt as delivered: by the status 200 alone.
 *
 * @param status Status of the response; `undefined` if none arrived.
 * @returns `true` if Kinde does not try again.
 */
export function isDelivered(status: number | undefined): boolean {
  return status === 200
}
