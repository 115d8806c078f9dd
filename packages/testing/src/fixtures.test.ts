import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { describe, expect, it } from 'vitest'
import { billingEventFixture } from './index.js'

const withPlan = ['agreement_created', 'agreement_cancelled', 'plan_assigned', 'plan_changed']
const withInvoice = [
  'agreement_created',
  'agreement_cancelled',
  'invoice_overdue',
  'payment_failed',
  'payment_succeeded',
]

describe.each(BILLING_EVENT_TYPES)('%s', (type) => {
  const has = (types: string[]) => types.includes(type.replace('customer.', ''))

  it('has the claims that Kinde signs, and flat keys beside an object for the plan', () => {
    const { data, ...claims } = billingEventFixture(type)

    expect(Object.keys(claims).sort()).toStrictEqual(['event_id', 'event_timestamp', 'source', 'timestamp', 'type'])
    expect(claims).toMatchObject({ type, event_id: expect.stringMatching(/^event_[0-9a-f]{32}$/), source: 'admin' })
    expect(claims.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+10:00$/)
    expect(Math.abs(Date.parse(claims.timestamp) - Date.now())).toBeLessThan(60_000)
    expect(Object.keys(data)).toStrictEqual([
      ...['customer_id', 'user_id', 'org_code', 'agreement_id'],
      ...(has(withPlan) ? ['plan'] : []),
      ...(has(withInvoice) ? ['invoice_due_on'] : []),
      ...(has(['meter_usage_updated']) ? ['meter_id', 'quantity', 'billing_feature_code', 'meter_value'] : []),
    ])
  })

  it('has keys only in the flat dialect', () => {
    const { data } = billingEventFixture(type, {}, { dialect: 'flat' })
    expect(Object.keys(data)).toStrictEqual([
      ...['customer_id', 'user_id', 'org_code', 'agreement_id', 'customer_agreement_id'],
      ...(has(withPlan) ? ['plan_id', 'plan_code'] : []),
      ...(has(withInvoice) ? ['invoice_due_on', 'next_billing_date'] : []),
      ...(has(['meter_usage_updated']) ? ['meter_id', 'quantity', 'billing_feature_code', 'meter_value'] : []),
    ])
  })

  it('has objects only in the nested dialect', () => {
    const { data } = billingEventFixture(type, {}, { dialect: 'nested' })

    expect(data).toStrictEqual({
      customer: expect.objectContaining({ id: expect.any(String), user_id: expect.any(String) }),
      agreement: { id: expect.any(String) },
      ...(has(withPlan) && { plan: { id: expect.any(String), code: 'pro', key: 'pro', name: 'Pro' } }),
      ...(has(withInvoice) && { invoice: { due_on: expect.any(String) } }),
      ...(has(['meter_usage_updated']) && {
        meter_id: expect.any(String),
        quantity: 42,
        billing_feature_code: 'api_calls',
        meter_value: '42',
      }),
    })
  })
})

it('gives a new event on each call, which shares nothing with the one before', () => {
  const [first, second] = [1, 2].map(() => billingEventFixture('customer.plan_changed', {}, { dialect: 'nested' }))

  expect(first?.event_id).not.toBe(second?.event_id)
  expect(first?.data.plan).not.toBe(second?.data.plan)
})

it('refuses an unknown dialect', () => {
  // @ts-expect-error: no such dialect
  expect(() => billingEventFixture('customer.plan_changed', {}, { dialect: 'deep' })).toThrow(/dialect is "deep"/)
})

it('merges overrides over claims and data; event_timestamp follows timestamp', () => {
  const timestamp = '2026-03-01T00:00:00Z'
  const fixture = billingEventFixture('customer.meter_usage_updated', {
    timestamp,
    source: 'api',
    later: { a: 1 },
    data: { quantity: 0, meter_value: undefined, extra: true },
  })

  expect(fixture).toMatchObject({ timestamp, event_timestamp: timestamp, source: 'api', later: { a: 1 } })
  expect(fixture.data).toMatchObject({ quantity: 0, billing_feature_code: 'api_calls', extra: true })
  expect(JSON.parse(JSON.stringify(fixture.data))).not.toHaveProperty('meter_value')
})

it('keeps a member named __proto__ a member', () => {
  const hostile = JSON.parse('{"__proto__":{"polluted":1},"data":{"__proto__":{"polluted":1}}}')
  const fixture = billingEventFixture('customer.plan_changed', hostile)

  expect(Object.hasOwn(fixture, '__proto__') && Object.hasOwn(fixture.data, '__proto__')).toBe(true)
  expect(fixture.polluted ?? fixture.data.polluted ?? Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
})

it('refuses a type that has no fixture, and names the fix', () => {
  // @ts-expect-error: not a billing event type
  expect(() => billingEventFixture('user.created')).toThrow(/"user.created".*override its `type`/)
  expect(billingEventFixture('customer.plan_changed', { type: 'user.created' }).type).toBe('user.created')
})
