import { billingEventFixture } from '@kinde-billing/testing'
import { describe, expect, it } from 'vitest'
import { BILLING_EVENT_TYPES, type BillingEvent, decodeBillingEvent, UnsupportedEventError } from './index.js'

const decode = <Type extends BillingEvent['type']>(
  type: Type,
  data: Record<string, unknown>,
  rest: Record<string, unknown> = {},
) => {
  const event = decodeBillingEvent({
    event_id: 'event_1',
    timestamp: '2026-05-01T17:41:45.592145+10:00',
    source: 'admin',
    type,
    data,
    ...rest,
  })
  return event as Extract<BillingEvent, { type: Type }>
}

describe('the customer', () => {
  const none = { id: undefined, kind: 'unknown', userId: undefined, orgCode: undefined }

  it.each([
    {
      data: { customer_id: 'customer_1', user_id: 'kp_1' },
      customer: { id: 'customer_1', kind: 'user', userId: 'kp_1' },
    },
    {
      data: { customer_id: 'customer_1', org_code: 'org_1' },
      customer: { id: 'customer_1', kind: 'organization', orgCode: 'org_1' },
    },
    {
      data: { org_code: 'org_1', user_id: 'kp_1' },
      customer: { kind: 'organization', userId: 'kp_1', orgCode: 'org_1' },
    },
    { data: { kinde_org_code: 'org_1', user_id: 'kp_1' }, customer: { kind: 'user', userId: 'kp_1' } },
    {
      data: { customer: { id: 'customer_1', user_id: 'kp_1' } },
      customer: { id: 'customer_1', kind: 'user', userId: 'kp_1' },
    },
    {
      data: { customer: { id: 'customer_1', org_code: 'org_1' } },
      customer: { id: 'customer_1', kind: 'organization', orgCode: 'org_1' },
    },
    { data: { customer_id: 'customer_1', customer: { id: 'customer_2' } }, customer: { id: 'customer_1' } },
    { data: { customer_id: 7, customer: { id: 'customer_2' } }, customer: { id: 'customer_2' } },
    { data: { customer_id: ' \t', customer: { id: 'customer_2' } }, customer: { id: 'customer_2' } },
    { data: { customer_id: '', customer: ['x'] }, customer: {} },
    { data: {}, customer: {} },
  ])('is read from $data', ({ data, customer }) => {
    expect(decode('customer.payment_failed', data).customer).toEqual({ ...none, ...customer })
  })
})

describe('agreement, plan, invoice', () => {
  it.each([
    { data: { agreement_id: 'agreement_1' }, id: 'agreement_1' },
    { data: { customer_agreement_id: 'agreement_2' }, id: 'agreement_2' },
    { data: { agreement: { id: 'agreement_3' } }, id: 'agreement_3' },
    { data: { agreement_id: null, agreement: { id: {} } }, id: undefined },
  ])('read the agreement of $data', ({ data, id }) => {
    expect(decode('customer.agreement_cancelled', data).agreement).toEqual({ id })
  })

  it.each([
    { data: { plan_code: 'pro', plan_id: 'plan_1' }, plan: { id: 'plan_1', code: 'pro', name: undefined } },
    { data: { plan: { code: 'pro', id: 'plan_1', name: 'Pro' } }, plan: { id: 'plan_1', code: 'pro', name: 'Pro' } },
    { data: { plan: { key: 'pro' } }, plan: { id: undefined, code: 'pro', name: undefined } },
    { data: { plan: 'pro' }, plan: { id: undefined, code: undefined, name: undefined } },
  ])('read the plan of $data', ({ data, plan }) => {
    expect(decode('customer.plan_assigned', data).plan).toEqual(plan)
  })

  it.each([
    ['2026-04-17T00:00:00Z', '2026-04-17T00:00:00.000Z'],
    ['2026-04-17 00:00:00+00', '2026-04-17T00:00:00.000Z'],
    ['2026-04-17T10:30:00.123456+1000', '2026-04-17T00:30:00.123Z'],
    ['2026-04-17', '2026-04-17T00:00:00.000Z'],
    ['2026-02-30', undefined],
    ['2026-02-30T00:00:00Z', undefined],
    ['2026-04-17T00:00:00', undefined],
    ['17/04/2026', undefined],
    ['on 2026-04-17', undefined],
    ['2026-04-17 or so', undefined],
    [1776384000, undefined],
    [['2026-04-17'], undefined],
    [null, undefined],
  ])('read the date %j', (text, iso) => {
    const expected = { dueOn: iso === undefined ? undefined : new Date(iso) }
    expect(decode('customer.invoice_overdue', { invoice_due_on: text }).invoice).toEqual(expected)
    expect(decode('customer.payment_failed', { next_billing_date: text }).invoice).toEqual(expected)
    expect(decode('customer.agreement_created', { invoice: { due_on: text } }).invoice).toEqual(expected)
  })
})

describe('usage', () => {
  const none = { meterId: undefined, featureCode: undefined, quantity: undefined }
  const numbers = { '1e3': 1000, '2E+10': 20_000_000_000, '-1.5e-2': -0.015, '12e12': 12_000_000_000_000 }
  const notNumbers = [
    '',
    ' 1',
    '1e',
    '1ex',
    '0x10',
    'Infinity',
    '1e999',
    Number.POSITIVE_INFINITY,
    true,
    [1],
    { value: 1 },
  ]

  it.each<{ data: Record<string, unknown>; usage: object }>([
    { data: { meter_id: 'meter_1', quantity: 0 }, usage: { meterId: 'meter_1', quantity: 0 } },
    { data: { billing_feature_code: 'calls', meter_value: '12.50' }, usage: { featureCode: 'calls', quantity: 12.5 } },
    { data: { quantity: '0', meter_value: '9' }, usage: { quantity: 0 } },
    { data: { quantity: 'many', meter_value: '9' }, usage: { quantity: 9 } },
    { data: { quantity: -3 }, usage: { quantity: -3 } },
    ...Object.entries(numbers).map(([text, quantity]) => ({ data: { quantity: text }, usage: { quantity } })),
    ...notNumbers.map((quantity) => ({ data: { quantity }, usage: {} })),
  ])('is read from $data', ({ data, usage }) => {
    expect(decode('customer.meter_usage_updated', data).usage).toEqual({ ...none, ...usage })
  })
})

describe('time', () => {
  it.each([
    ['2024-05-01T17:41:45.592145+10:00', '2024-05-01T07:41:45.592Z'],
    ['2024-05-01t17:41:45z', '2024-05-01T17:41:45.000Z'],
    ['2024-05-01 17:41:45-0330', '2024-05-01T21:11:45.000Z'],
    ['2024-02-29T23:59:59.9Z', '2024-02-29T23:59:59.900Z'],
    ['2024-05-02T10:00:00+23:59', '2024-05-01T10:01:00.000Z'],
    ['2024-05-01T17:41:45-10', '2024-05-02T03:41:45.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ])('is read from %s', (text, iso) => {
    expect(decode('customer.plan_changed', {}, { timestamp: text }).timestamp).toEqual(new Date(iso))
  })

  it.each([
    '2024-05-01T17:41:45',
    '2023-02-29T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-05-01T24:00:00Z',
    '2024-05-01T12:60:00Z',
    '2024-05-01T12:00:60Z',
    '2016-12-31T23:59:61Z',
    '2024-05-01T12:00:00+24:00',
    '2024-05-01T12:00:00+10:60',
    '2024-05-01T12:00Z',
    '2024-W18-3T00:00:00Z',
    '2024-122T00:00:00Z',
    '2024-05-01T12:00:00,5Z',
    '٢٠٢٤-05-01T12:00:00Z',
    ' 2024-05-01T12:00:00Z',
    '2024-05-01T12:00:00Z\n',
    '2024-05-01',
    1714549305,
    null,
  ])('is not read from %j', (timestamp) => {
    expect(() => decode('customer.plan_changed', {}, { timestamp })).toThrow(/does not have the shape of an event/)
  })

  it('takes event_timestamp for the time of occurrence if it is a readable date', () => {
    const [good, bad] = ['2026-05-01T00:00:00Z', 'yesterday'].map((event_timestamp) =>
      decode('customer.plan_changed', {}, { event_timestamp }),
    )
    expect(good?.occurredAt).toEqual(new Date('2026-05-01T00:00:00Z'))
    expect(bad?.occurredAt).toEqual(bad?.timestamp)
  })
})

describe('the event as a value', () => {
  it('keeps data and claims as received, and hides claims from logs', () => {
    const claims = JSON.parse(
      '{"type":"customer.plan_changed","event_id":"__proto__","timestamp":"2026-05-01T00:00:00Z","data":{"__proto__":{"customer_id":"x"},"constructor":1}}',
    )
    const event = decodeBillingEvent(claims)
    expect(event.claims).toBe(claims)
    expect(event.data).toBe(claims.data)
    expect(event.customer.id).toBeUndefined()
    expect(event.id).toBe('__proto__')
    expect(Object.keys(event)).not.toContain('claims')
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype)
  })

  it.each(BILLING_EVENT_TYPES)('is the same after stored claims of %s are decoded', (type) => {
    const event = decodeBillingEvent(billingEventFixture(type))
    expect(decodeBillingEvent(JSON.parse(JSON.stringify(event.claims)))).toEqual(event)
  })

  it('never fails for its age, and fails for another type as in verification', () => {
    expect(decode('customer.plan_changed', {}, { timestamp: '1970-01-01T00:00:00Z' }).id).toBe('event_1')
    expect(() => decodeBillingEvent({ type: 'customer.plan_created' })).toThrow(UnsupportedEventError)
    for (const junk of [null, [], 'x', 5] as unknown as Record<string, unknown>[])
      expect(() => decodeBillingEvent(junk)).toThrow(/JSON object/)
  })
})
