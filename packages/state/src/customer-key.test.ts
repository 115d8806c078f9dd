import { BILLING_EVENT_TYPES, decodeBillingEvent } from '@kinde-billing/core'
import { billingEventFixture } from '@kinde-billing/testing'
import { describe, expect, it } from 'vitest'
import { customerKey } from './index.js'

describe('customerKey', () => {
  it.each(BILLING_EVENT_TYPES)('is the same in both dialects, for %s', (type) => {
    const keys = (['flat', 'nested'] as const).map((dialect) =>
      customerKey(decodeBillingEvent(billingEventFixture(type, {}, { dialect }))),
    )
    expect(keys[0]).toMatch(/^customer:customer_/)
    expect(keys[1]).toBe(keys[0])
  })

  it.each([
    [{ id: 'customer_1', orgCode: 'org_1', userId: 'kp_1' }, 'customer:customer_1'],
    [{ id: ' ', orgCode: 'org_1', userId: 'kp_1' }, 'org:org_1'],
    [{ userId: 'kp_1' }, 'user:kp_1'],
    [{ id: 'org:x' }, 'customer:org:x'],
    [{ id: '__proto__' }, 'customer:__proto__'],
    [{ id: 'x'.repeat(256) }, `customer:${'x'.repeat(256)}`],
    [{ id: '顧客 😀' }, 'customer:顧客 😀'],
  ])('gives for %j: %s', (customer, key) => {
    expect(customerKey({ customer })).toBe(key)
  })

  it.each([
    [{}],
    [{ id: '', orgCode: '\n', userId: undefined }],
    [{ id: 'x'.repeat(257), orgCode: 'org_1' }],
    [{ id: 'a\0b', orgCode: 'org_1' }],
    [{ id: 'half \ud83d', userId: 'kp_1' }],
  ])('gives nothing for %j', (customer) => {
    expect(customerKey({ customer })).toBeUndefined()
  })
})
