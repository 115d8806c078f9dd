import { expectTypeOf, it } from 'vitest'
import { type BillingEventClaims, billingEventFixture, createTestIssuer, deliver, type TestIssuer } from './index.js'
import { startTestIssuer } from './server.js'

it('accepts the calls of a typical test, and refuses mistakes', () => {
  expectTypeOf(billingEventFixture('customer.plan_changed')).toEqualTypeOf<BillingEventClaims>()
  expectTypeOf(billingEventFixture('customer.plan_changed')).toExtend<Record<string, unknown>>()
  expectTypeOf(billingEventFixture('customer.plan_changed').event_id).toEqualTypeOf<string>()
  billingEventFixture('customer.plan_changed', { source: 'api', later: 1, data: { plan_code: undefined } })
  // @ts-expect-error: not a type that the packages know
  billingEventFixture('customer.plan_created')
  // @ts-expect-error: timestamps are strings
  billingEventFixture('customer.plan_changed', { timestamp: 1_700_000_000 })
  // @ts-expect-error: no such dialect
  billingEventFixture('customer.plan_changed', {}, { dialect: 'deep' })

  expectTypeOf(createTestIssuer).returns.resolves.toEqualTypeOf<TestIssuer>()
  expectTypeOf(startTestIssuer).returns.resolves.toExtend<TestIssuer>()
  expectTypeOf(deliver).returns.resolves.toHaveProperty('body').toBeUnknown()
})
