import { createWebHandler } from '@kinde-billing/core/receiver'
import { expectTypeOf, it } from 'vitest'
import type { TestIssuer } from '../index.js'
import { createSimulatedClock, type SimulationReport, simulateDeliveries } from './index.js'

declare const issuer: TestIssuer

it('accepts the calls of a typical test, and refuses mistakes', () => {
  const clock = createSimulatedClock()
  const billing = createWebHandler({ issuer: 'https://acme.kinde.com', now: clock.now, onEvent: () => {} })
  const base = {
    clock,
    issuer,
    endpoints: { billing, url: 'http://127.0.0.1:3000', other: async () => new Response() },
  }

  expectTypeOf(
    simulateDeliveries({ ...base, events: ['customer.plan_changed', { type: 'user.created' }] }),
  ).resolves.toEqualTypeOf<SimulationReport>()
  // @ts-expect-error: this type has no fixture
  simulateDeliveries({ ...base, events: ['user.created'] })
  // @ts-expect-error: the clock is required, because the application shares it
  simulateDeliveries({ issuer, endpoints: { billing }, events: [] })
  expectTypeOf<SimulationReport['deliveries'][number]['deliveredAtMs']>().toEqualTypeOf<number | undefined>()
})
