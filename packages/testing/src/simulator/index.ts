import { resolveOptions, type SimulationOptions } from './options.js'
import { createRandom } from './random.js'
import type { SimulationReport } from './report.js'
import { runSimulation } from './run.js'

export { createSimulatedClock, type SimulatedClock } from './clock.js'
export {
  type AttemptResult,
  deliverOnSchedule,
  isDelivered,
  type ScheduledDelivery,
  type ScheduleRunner,
} from './deliver-on-schedule.js'
export type { SimulatedEndpoint } from './endpoint.js'
export type { SimulatedEvent } from './events.js'
export type { SimulationOptions } from './options.js'
export type { SimulatedAttempt, SimulatedDelivery, SimulationReport } from './report.js'
export { KINDE_ATTEMPTS_MS, KINDE_DISABLES_AFTER_MS } from './schedule.js'

/**
 * Plays Kinde's whole schedule of deliveries against an application, in simulated time: at once, then after 5 s, 30 s,
 * 2 min, 10 min, 1 h and 4 h, then every 12 h until 36 h. Events go to several endpoints, out of order, some of them twice,
 * and some responses never reach Kinde. An endpoint without a success for 72 h is disabled.
 *
 * Nothing waits for the simulated clock: a run takes as long as your application needs to respond.
 *
 * @param options Events, endpoints, clock and issuer, and how rough the network is.
 * @returns Every delivery with all its attempts, and totals for each endpoint.
 * @throws {KindeWebhookError} `invalid_configuration`: an option that is unknown or wrong.
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
  const settings = resolveOptions(options)
  return runSimulation(settings, createRandom(settings.seed))
}
