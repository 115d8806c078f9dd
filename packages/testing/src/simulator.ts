import type { BillingEventType } from '@kinde-billing/core'
import type { Dialect } from './fixture-data.js'
import type { TestIssuer } from './issuer.js'
import { createChance } from './simulator-chance.js'
import type { SimulatedClock } from './simulator-clock.js'
import type { SimulatedEndpoint } from './simulator-endpoint.js'
import type { SimulatedEvent } from './simulator-events.js'
import { runSimulation, type SimulationSettings } from './simulator-run.js'

export { createSimulatedClock, type SimulatedClock } from './simulator-clock.js'
export type { SimulatedEndpoint } from './simulator-endpoint.js'
export type { SimulatedEvent } from './simulator-events.js'
export { KINDE_ATTEMPTS_MS, KINDE_DISABLES_AFTER_MS } from './simulator-schedule.js'

/** What {@link simulateDeliveries} plays, and how rough it is. */
export interface SimulationOptions {
  /** Signs the events: a test issuer, whose key set the application under test trusts. */
  readonly issuer: Pick<TestIssuer, 'sign'>
  /** The clock that the application's receivers have as their `now`. */
  readonly clock: SimulatedClock
  /** What happens, in this order. A type alone stands for a fixture of it. */
  readonly events: readonly (BillingEventType | SimulatedEvent)[]
  /** Each event goes to each endpoint, as Kinde calls all that are subscribed. */
  readonly endpoints: { readonly [name: string]: SimulatedEndpoint }
  /** Decides all chance: the same seed and the same answers give the same run. Default: 1. */
  readonly seed?: number | undefined
  /** From one event to the next, in milliseconds. Default: 10 s. */
  readonly spacingMs?: number | undefined
  /** First attempts are late by up to this, each by its own chance, so that events overtake each other. Default: 60 s. */
  readonly reorderMs?: number | undefined
  /** The part of attempts, 0 to 1, that arrive twice: half of those at the same moment. Default: 0.1. */
  readonly duplicates?: number | undefined
  /** The part of answers, 0 to 1, that never reach Kinde, which then tries again. Default: 0.1. */
  readonly lostAnswers?: number | undefined
  /** Whether each attempt carries a `timestamp` of its own. Nobody outside Kinde knows which it is. Default: `false`. */
  readonly renewTimestamps?: boolean | undefined
  /** The shape of fixture data. Default: `flat`. */
  readonly dialect?: Dialect | undefined
  /** How long an answer is waited for, in real milliseconds. Default: 30 s. */
  readonly answerTimeoutMs?: number | undefined
}

/** One attempt, as it went. */
export interface SimulatedAttempt {
  /** When, in milliseconds after the simulation's start. */
  readonly atMs: number
  /** Of Kinde's schedule, or one that arrived twice. */
  readonly kind: 'scheduled' | 'duplicate'
  /** What the endpoint answered, whether or not the answer arrived; `undefined` where it gave none. */
  readonly status: number | undefined
  /** The answer's body, likewise. */
  readonly body: string | undefined
  /** Whether the answer was lost on its way to Kinde. */
  readonly isAnswerLost: boolean
}

/** What became of one event at one endpoint. */
export interface SimulatedDelivery {
  /** The name it has in {@link SimulationOptions.endpoints}. */
  readonly endpoint: string
  /** `event_id`. */
  readonly eventId: string
  /** The event's type. */
  readonly type: string
  /** The `webhook-id` header, the same on every attempt. */
  readonly webhookId: string
  /** In the order in which they were made. */
  readonly attempts: readonly SimulatedAttempt[]
  /** When Kinde saw the first 200, in milliseconds after the start; `undefined` where it never did. */
  readonly deliveredAtMs: number | undefined
  /** Whether the last attempt failed, or the endpoint was disabled before. */
  readonly isGivenUp: boolean
}

/** What the simulation saw. */
export interface SimulationReport {
  /** One for each event and endpoint, in the order of the events. */
  readonly deliveries: readonly SimulatedDelivery[]
  /** What became of each endpoint, by its name. */
  readonly endpoints: {
    readonly [name: string]: {
      /** How many attempts it got. */
      readonly attempts: number
      /** When Kinde disabled it, in milliseconds after the start: after 72 h in which no attempt succeeded. */
      readonly disabledAtMs: number | undefined
    }
  }
  /** From the start to the last attempt, in simulated milliseconds. */
  readonly durationMs: number
}

/**
 * Plays Kinde's whole schedule of deliveries against an application, in simulated time: at once, then after 5 s, 30 s, 2 min,
 * 10 min, 1 h, 4 h, then every 12 h until 36 h, to several endpoints, with duplicates, in another order than things
 * happened, and with answers that never reach Kinde. An endpoint in which nothing succeeds for 72 h is disabled.
 *
 * It takes as long as the application takes to answer: nothing waits for the clock.
 *
 * @throws {RangeError} for a part that is not between 0 and 1, or a time that is not a positive number.
 *
 * @example
 * ```ts
 * import { createWebHandler } from '@kinde-billing/core/receiver'
 * import { createTestIssuer } from '@kinde-billing/testing'
 * import { createSimulatedClock, simulateDeliveries } from '@kinde-billing/testing/simulator'
 *
 * const clock = createSimulatedClock()
 * const { issuer, jwks, sign } = await createTestIssuer()
 * const seen: string[] = []
 * const billing = createWebHandler({ issuer, jwks, now: clock.now, onEvent: (event) => seen.push(event.id) })
 *
 * const { deliveries } = await simulateDeliveries({
 *   clock,
 *   issuer: { sign },
 *   events: ['customer.agreement_created', 'customer.plan_assigned', 'customer.payment_succeeded'],
 *   endpoints: { billing },
 * })
 * console.log(deliveries.every(({ deliveredAtMs }) => deliveredAtMs !== undefined), seen.length === 3)
 * ```
 */
export async function simulateDeliveries(options: SimulationOptions): Promise<SimulationReport> {
  const settings = withDefaults(options)
  for (const name of ['duplicates', 'lostAnswers'] as const)
    if (!(settings[name] >= 0 && settings[name] <= 1))
      throw new RangeError(`${name} is ${settings[name]}: pass a part between 0, for none, and 1, for all.`)
  for (const name of ['spacingMs', 'reorderMs', 'answerTimeoutMs'] as const)
    if (!(settings[name] >= 0 && settings[name] < 2 ** 31))
      throw new RangeError(`${name} is ${settings[name]}: pass milliseconds, not negative and below 2147483648.`)
  return runSimulation(settings, createChance(settings.seed))
}

function withDefaults(options: SimulationOptions): SimulationSettings {
  const {
    seed = 1,
    spacingMs = 10_000,
    reorderMs = 60_000,
    duplicates = 0.1,
    lostAnswers = 0.1,
    renewTimestamps = false,
    dialect = 'flat',
    answerTimeoutMs = 30_000,
  } = options
  const { issuer, clock, events, endpoints } = options
  return {
    issuer,
    clock,
    events,
    endpoints,
    seed,
    spacingMs,
    reorderMs,
    duplicates,
    lostAnswers,
    renewTimestamps,
    dialect,
    answerTimeoutMs,
  }
}
