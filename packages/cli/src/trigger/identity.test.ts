import { decodeBillingEvent } from '@kinde-billing/core'
import { billingEventFixture } from '@kinde-billing/testing'
import { describe, expect, it } from 'vitest'
import { createIdentity, withIdentity } from './identity.js'

describe('withIdentity', () => {
  it.each(['mixed', 'flat', 'nested'] as const)('makes a user of no organization the customer: %s', (dialect) => {
    const fixture = billingEventFixture('customer.plan_changed', {}, { dialect })
    for (const round of [0, 1]) {
      const data = withIdentity(Object(fixture.data), createIdentity(round, 'kp_ada'), 'pro')
      const { customer } = decodeBillingEvent({ ...fixture, data })
      expect(customer).toMatchObject({ kind: 'user', orgCode: undefined })
      expect(customer.userId).toMatch(round === 0 ? /^kp_ada$/ : /^kp_/)
    }
  })
})
