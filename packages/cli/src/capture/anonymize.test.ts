import { BILLING_EVENT_TYPES, decodeBillingEvent } from '@kinde-billing/core'
import { billingEventFixture } from '@kinde-billing/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAnonymizer } from './anonymize.js'
import { shiftDate } from './date-shift.js'
import { filledMembers } from './groups.js'

const anonymize = (claims: Record<string, unknown>) => createAnonymizer().anonymize(claims)
const DAY = 86_400_000

describe('a fixture', () => {
  const ids = ['event_018f331a3178f7fef284b95fe6770384', 'kp_2f6c1b7d9e8a4c3fb5d0a1e2c3f4a5b6', 'org_5e8c1f3a7b9']
  const claims = {
    type: 'customer.plan_changed',
    source: 'admin',
    event_id: ids[0],
    timestamp: '2026-05-01T17:41:45.592145+10:00',
    event_timestamp: '2026-05-01T07:41:45Z',
    data: {
      user_id: ids[1],
      org_code: ids[2],
      plan: { code: 'gold-for-acme', name: 'Gold for Acme', key: 'gold-for-acme' },
      customer: { email: 'ada.lovelace@acme.com', name: 'Ada Lovelace', id: 4711, status: 'active', currency: 'USD' },
      invoice: { due_on: '2026-04-17 00:00:00+00', paid: false, total: 4999, rate: 0.25, none: null, zero: 0 },
      notes: ['Ada Lovelace pays by card', 'https://acme.com/ada', '+61 400 123 456'],
      meter_value: '42.50',
      [`${ids[1]}`]: 'again',
      'ada.lovelace@acme.com': 'Ada Lovelace',
    },
  }
  const fixture = anonymize(claims)
  const text = JSON.stringify(fixture)

  it("holds nothing of the input that is anybody's", () => {
    for (const secret of [
      ...ids,
      'gold',
      'acme',
      'Ada',
      'Lovelace',
      'lovelace',
      '4711',
      '4999',
      '123 456',
      '0.25',
      '42.50',
    ])
      expect(text).not.toContain(secret)
  })

  it('keeps the shape: names, types, prefixes, forms', () => {
    const hex = /^[0-9a-f]+$/
    expect(fixture).toMatchObject({
      type: 'customer.plan_changed',
      source: 'admin',
      event_id: expect.stringMatching(/^event_[0-9a-f]{32}$/),
      timestamp: expect.stringMatching(/^20\d\d-\d\d-\d\dT17:41:45\.592145\+10:00$/),
      data: {
        user_id: expect.stringMatching(/^kp_[0-9a-f]{32}$/),
        org_code: expect.stringMatching(/^org_[0-9a-f]{11}$/),
        plan: {
          code: expect.stringMatching(/^[a-z]{4}-[a-z]{3}-[a-z]{4}$/),
          name: expect.stringMatching(/^[A-Z][a-z]{3} [a-z]{3} [A-Z][a-z]{3}$/),
        },
        customer: {
          email: expect.stringMatching(/^[a-z]{8}@[a-z]{6}\.example$/),
          id: expect.any(Number),
          status: 'active',
          currency: 'USD',
        },
        invoice: { due_on: expect.stringMatching(/^20\d\d-\d\d-\d\d 00:00:00\+00$/), paid: false, none: null, zero: 0 },
        notes: [
          expect.any(String),
          expect.stringMatching(/^https:\/\/[a-z]{4}\.[a-z]{3}\/[a-z]{3}$/),
          expect.stringMatching(/^\+\d\d \d{3} \d{3} \d{3}$/),
        ],
        meter_value: expect.stringMatching(/^[1-9]{2}\.[1-9]0$/),
      },
    })
    expect(hex.test(String(fixture['event_id']).slice(6))).toBe(true)
    expect(Object.keys(fixture)).toStrictEqual(Object.keys(claims))
  })

  it('replaces the same by the same, as a value and as a key', () => {
    const data = Object(fixture['data'])
    expect(data.plan.key).toBe(data.plan.code)
    expect(data[data.user_id]).toEqual(expect.any(String))
    expect(data[data.customer.email]).toBe(data.customer.name)
  })

  it('moves all dates by the same whole number of days', () => {
    const moved = (before: unknown, after: unknown) => (Date.parse(String(after)) - Date.parse(String(before))) / DAY
    const days = moved(claims.timestamp, fixture['timestamp'])
    expect(Number.isInteger(days) && days <= -100).toBe(true)
    expect(moved(claims.event_timestamp, fixture['event_timestamp'])).toBe(days)
    expect(
      moved(
        '2026-04-17T00:00:00Z',
        String(Object(fixture['data']).invoice.due_on).replace(' ', 'T').replace('+00', 'Z'),
      ),
    ).toBe(days)
  })

  it('is consistent with the next of the same capture, and unlike that of another', () => {
    const { anonymize: sameCapture } = createAnonymizer()
    const [one, two] = [sameCapture(claims), sameCapture({ ...claims, event_id: 'event_2' })]
    expect(two['data']).toStrictEqual(one['data'])
    expect(two['event_id']).not.toBe(one['event_id'])
    expect(anonymize(claims)['data']).not.toStrictEqual(one['data'])
  })
})

describe('what is kept', () => {
  it.each([
    [{ type: 'user.created' }, { type: 'user.created' }],
    [{ type: 'organization.updated' }, { type: 'organization.updated' }],
    [{ source: 'api' }, { source: 'api' }],
  ])('%j', (claims, fixture) => {
    expect(anonymize(claims)).toStrictEqual(fixture)
  })

  it.each([
    [{ type: 'ada.lovelace' }],
    [{ source: 'ada' }],
    [{ data: { status: 'ada' } }],
    [{ data: { name: 'active', status: 'active' } }],
    [{ data: { 'Ada Lovelace': true } }],
    [{ data: { ada: { name: 'ada' } } }],
    [{ data: 'ada' }],
    [{ data: ['ada'] }],
  ])('but not in %j', (claims) => {
    expect(JSON.stringify(anonymize(claims))).not.toMatch(/ada|lovelace|active/i)
  })

  it('defines a member named __proto__ as any other', () => {
    const fixture = anonymize(JSON.parse('{"data":{"__proto__":{"name":"Ada"}}}'))
    expect(Object.keys(Object(fixture['data']))).toHaveLength(1)
    expect(Object.getPrototypeOf(fixture['data'])).toBe(Object.prototype)
  })
})

describe('dates', () => {
  it.each([
    ['2026-03-01', -1, '2026-02-28'],
    ['2024-02-29', -365, '2023-03-01'],
    ['2026-04-17 00:00:00+00', -1, '2026-04-16 00:00:00+00'],
    ['2026-04-17t00:00:00.1234567+0530', 1, '2026-04-18t00:00:00.1234567+0530'],
    ['2016-12-31T23:59:60Z', -10, '2016-12-21T23:59:60Z'],
    ['2026-04-17T10:00', -1, '2026-04-16T10:00'],
    ['0000-01-02', -5, '0000-01-07'],
    ['2026-02-30', -1, undefined],
    ['2026-13-01T00:00:00Z', -1, undefined],
    ['2026-04-17T00:00:00Z ', -1, undefined],
    ['20260417', -1, undefined],
  ])('%s by %i days: %s', (text, days, moved) => {
    expect(shiftDate(text, days)).toBe(moved)
  })
})

/** What Kinde might put anywhere, and worse. */
const word = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    'pro',
    'Ada Lovelace',
    'ada@acme.com',
    'kp_1',
    'org_x',
    '',
    '  ',
    '--',
    '42',
    '0',
    '-1.50',
    '1e999',
    '1.7e308',
    '9e-5',
    '12b34',
    '5a',
    '٤٢',
    '9'.repeat(400),
    '٤'.repeat(400),
  ),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('2026-04-17', '2026-02-30', '9999-99-99', '2026-04-17 00:00:00+00', '0001-01-01T00:00:00Z'),
)
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    word,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('any'), { maxLength: 3 }),
  object: fc.dictionary(
    fc.oneof(word, fc.constantFrom('id', 'code', 'key', 'name', 'due_on', 'user_id', 'org_code')),
    tie('any'),
    { maxKeys: 4 },
  ),
})).any
const DATA_KEYS = [
  'customer',
  'customer_id',
  'user_id',
  'org_code',
  'kinde_org_code',
  'agreement',
  'agreement_id',
  'customer_agreement_id',
  'plan',
  'plan_code',
  'plan_id',
  'invoice',
  'invoice_due_on',
  'next_billing_date',
  'meter_id',
  'quantity',
  'billing_feature_code',
  'meter_value',
]
const claimsOf = fc.record({
  type: fc.constantFrom(...BILLING_EVENT_TYPES),
  event_id: word.filter((id) => id.trim() !== '' && id.length <= 256 && !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(id)),
  timestamp: fc.constantFrom('2024-05-01T17:41:45.592145+10:00', '2026-01-01 00:00:00+00'),
  event_timestamp: word,
  source: word,
  data: fc.dictionary(fc.oneof(fc.constantFrom(...DATA_KEYS), word), value, { maxKeys: 12 }),
})

/** What replaces a text is chance, so that a smaller example need not fail where a larger one did. */
const ONCE = { numRuns: 400, endOnFailure: true }

describe('for all claims', () => {
  it('the fixture fills the same groups, and its dates and numbers are as readable', () => {
    fc.assert(
      fc.property(claimsOf, (claims) => {
        const received = JSON.parse(JSON.stringify(claims))
        const fixture = JSON.parse(JSON.stringify(anonymize(received)))
        expect(filledMembers(fixture)).toStrictEqual(filledMembers(received))
        expect(filledMembers(fixture)).toBeDefined()
      }),
      ONCE,
    )
  })

  it('no text of three letters or more that was replaced stands in it', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9]{4,24}$/).filter((text) => !/^0+$/.test(text))
    const fields = fc.dictionary(
      fc.stringMatching(/^[a-z_]{3,12}$/),
      fc.oneof(secret, fc.array(secret), fc.record({ inner: secret })),
    )
    fc.assert(
      fc.property(fields, (data) => {
        const fixture = Object(anonymize({ type: 'customer.plan_changed', data }))
        expect(Object.keys(fixture.data).length).toBe(Object.keys(data).length)
        const before = Object.values(data).flatMap((member) =>
          typeof member === 'string' ? [member] : Object.values(member),
        )
        const after = JSON.stringify(Object.values(fixture.data))
        for (const text of before) expect(after).not.toContain(text)
      }),
      ONCE,
    )
  })
})

describe('of every fixture of the project', () => {
  it.each(
    BILLING_EVENT_TYPES.flatMap(
      (type) =>
        [
          [type, 'flat'],
          [type, 'nested'],
        ] as const,
    ),
  )('%s, %s', (type, dialect) => {
    const claims = billingEventFixture(type, {}, { dialect })
    const fixture = anonymize(claims)
    expect(filledMembers(fixture)).toStrictEqual(filledMembers(claims))
    expect(decodeBillingEvent(fixture).customer.kind).toBe(decodeBillingEvent(claims).customer.kind)
  })
})
