import { createWebHandler } from '@kinde-billing/core/receiver'
import { expectTypeOf, it } from 'vitest'
import type { TestIssuer } from './index.js'
import { createSimulatedClock, type SimulationReport, simulateDeliveries } from './simulator.js'

declare const issuer: TestIssuer

it('types what a test writes', () => {
  const clock = createSimulatedClock()
  const billing = createWebHandler({ issuer: 'https://acme.kinde.com', now: clock.now })
  const base = {
    clock,
    issuer,
    endpoints: { billing, url: 'http://127.0.0.1:3000', other: async () => new Response() },
  }

  expectTypeOf(
    simulateDeliveries({ ...base, events: ['customer.plan_changed', { type: 'user.created' }] }),
  ).resolves.toEqualTypeOf<SimulationReport>()
  // @ts-expect-error: a type alone stands for a fixture, and there is none of it
  simulateDeliveries({ ...base, events: ['user.created'] })
  // @ts-expect-error: the clock is shared with the application, so it is never left out
  simulateDeliveries({ issuer, endpoints: { billing }, events: [] })
  expectTypeOf<SimulationReport['deliveries'][number]['deliveredAtMs']>().toEqualTypeOf<number | undefined>()
})
