import { at, fold, LATER, minute, permutations } from '@kinde-billing/test-support/billing-events'
import { describe, expect, it } from 'vitest'
import { type AccessPolicy, summarize } from './index.js'

const now = LATER
const created = at(0, 'created', { agreement: 'a', plan: 'pro', due: '2026-04-01' })

const DAY = 24 * 60
const DAY_MS = DAY * 60_000

describe('access', () => {
  it('is none where nothing is known', () => {
    expect(summarize(undefined, { now })).toStrictEqual({
      access: 'none',
      hasAccess: false,
      reason: {
        rule: 'no_agreement',
        fact: undefined,
        text: 'No access: no agreement of this customer is known.',
      },
      plan: undefined,
      features: [],
      nextInvoiceOn: undefined,
      periodEndsOn: undefined,
      customer: { id: undefined, orgCode: undefined, userId: undefined },
      agreements: [],
      usage: [],
      changedAt: undefined,
      changedBy: undefined,
      reviewAt: undefined,
    })
  })

  it.each([
    ['active', true, []],
    ['active', true, [at(1, 'paid', { agreement: 'a' })]],
    ['past_due', true, [at(1, 'failed', { agreement: 'a' })]],
    ['past_due', true, [at(1, 'overdue', { agreement: 'a' })]],
    ['active', true, [at(1, 'overdue', { agreement: 'a' }), at(2, 'paid', { agreement: 'a' })]],
    ['cancelled', false, [at(1, 'cancelled', { agreement: 'a' })]],
    ['cancelled', false, [at(1, 'failed', { agreement: 'a' }), at(2, 'cancelled', { agreement: 'a' })]],
    ['cancelled', false, [at(2, 'failed', { agreement: 'a' }), at(1, 'cancelled', { agreement: 'a' })]],
  ] as const)('is %s (in: %s) by default', (access, hasAccess, events) => {
    for (const order of permutations([created, ...events]))
      expect(summarize(fold(order), { now })).toMatchObject({ access, hasAccess })
  })

  it.each(['created', 'paid', 'assigned', 'changed', 'usage'] as const)('is active by %s alone', (type) => {
    expect(summarize(fold([at(0, type, { agreement: 'a' })]), { now }).access).toBe('active')
  })

  it.each(['failed', 'overdue'] as const)('is past due by %s alone', (type) => {
    expect(summarize(fold([at(0, type, { agreement: 'a' })]), { now }).access).toBe('past_due')
  })

  it('is the best of several agreements', () => {
    const cancelled = [at(-2, 'created', { agreement: 'c' }), at(-1, 'cancelled', { agreement: 'c' })]
    const owing = [at(-1, 'created', { agreement: 'b', plan: 'basic' }), at(1, 'failed', { agreement: 'b' })]
    const policy = { pastDueGraceMs: 0 }
    expect(summarize(fold([...cancelled, ...owing, created]), { now, policy })).toMatchObject({
      access: 'active',
      plan: { code: 'pro' },
      agreements: [{ access: 'active' }, { access: 'suspended' }, { access: 'cancelled' }],
    })
    expect(summarize(fold([...cancelled, ...owing]), { now })).toMatchObject({
      access: 'past_due',
      plan: { code: 'basic' },
    })
    expect(summarize(fold([...cancelled, ...owing]), { now, policy }).access).toBe('suspended')
  })

  it('shows a fact at once whose time is ahead of our clock', () => {
    const state = fold([created, at(1, 'failed', { agreement: 'a' })])
    expect(summarize(state, { now: minute(0) }).access).toBe('past_due')
    expect(summarize(state, { now: minute(0), policy: { pastDueGraceMs: 0 } }).access).toBe('suspended')
  })
})

describe('the policy', () => {
  const at30 = (policy: AccessPolicy, type: 'failed' | 'overdue', days: number) => {
    const state = fold([created, at(30 * DAY, type, { agreement: 'a' }), at(33 * DAY, type, { agreement: 'a' })])
    return summarize(state, { now: minute((30 + days) * DAY), policy })
  }

  it.each([
    ['failed', 'pastDueGraceMs'],
    ['overdue', 'overdueGraceMs'],
  ] as const)('suspends for %s after %s, counted from the first of several', (type, name) => {
    expect(at30({ [name]: 14 * DAY_MS }, type, 13.9)).toMatchObject({
      access: 'past_due',
      hasAccess: true,
      reviewAt: minute(44 * DAY),
    })
    expect(at30({ [name]: 14 * DAY_MS }, type, 14)).toMatchObject({
      access: 'suspended',
      hasAccess: false,
      reviewAt: undefined,
      plan: { code: 'pro' },
    })
    expect(at30({ [name]: 0 }, type, 0).access).toBe('suspended')
    expect(at30({}, type, 3000)).toMatchObject({ access: 'past_due', reviewAt: undefined })
  })

  it('does not touch another kind of debt', () => {
    expect(at30({ pastDueGraceMs: 0 }, 'overdue', 3000).access).toBe('past_due')
    expect(at30({ overdueGraceMs: 0 }, 'failed', 3000).access).toBe('past_due')
  })

  it('counts again from the first debt after a payment', () => {
    const state = fold([
      created,
      at(1, 'failed', { agreement: 'a' }),
      at(2, 'paid', { agreement: 'a' }),
      at(30 * DAY, 'failed', { agreement: 'a' }),
    ])
    const policy = { pastDueGraceMs: DAY_MS }
    expect(summarize(state, { now: minute(30 * DAY + 1), policy })).toMatchObject({
      access: 'past_due',
      agreements: [{ pastDueSince: minute(30 * DAY) }],
    })
  })

  it('may wait longer than a date can tell', () => {
    const state = fold([created, at(1, 'cancelled', { agreement: 'a' })])
    expect(summarize(state, { now, policy: { cancellationGraceMs: 1e300 } })).toMatchObject({
      access: 'active',
      reviewAt: undefined,
    })
  })

  it('refuses a member that it does not have', () => {
    const policy = { pastDueGrace: 1 } as AccessPolicy
    expect(() => summarize(undefined, { now, policy })).toThrow(
      'policy has no option "pastDueGrace": did you mean "pastDueGraceMs"',
    )
    expect(() => summarize(undefined, { now, polcy: {} } as { now: Date })).toThrow('did you mean "policy"')
  })

  it.each([
    ['pastDueGraceMs', -1],
    ['overdueGraceMs', Number.NaN],
    ['cancellationGraceMs', '5' as unknown as number],
  ])('refuses %s %j, by name', (name, value) => {
    expect(() => summarize(undefined, { now, policy: { [name]: value } })).toThrow(
      `policy.${name} is ${typeof value === 'string' ? JSON.stringify(value) : value}`,
    )
  })
})

describe('the summary', () => {
  it('tells the plan, the next invoice and the agreements', () => {
    const state = fold([
      created,
      at(1, 'paid', { agreement: 'a', due: '2026-05-01' }),
      at(2, 'overdue', { agreement: 'a', due: '2026-03-15' }),
    ])
    const plan = { id: undefined, code: 'pro', name: undefined }
    expect(summarize(state, { now })).toMatchObject({
      plan,
      nextInvoiceOn: new Date('2026-05-01'),
      agreements: [
        {
          id: 'a',
          access: 'past_due',
          plan,
          createdAt: minute(0),
          cancelledAt: undefined,
          pastDueSince: minute(2),
          nextInvoiceOn: new Date('2026-05-01'),
        },
      ],
    })
  })

  it('has no plan where all agreements have ended; the agreements still tell theirs', () => {
    expect(summarize(fold([created, at(1, 'cancelled', { agreement: 'a' })]), { now })).toMatchObject({
      plan: undefined,
      nextInvoiceOn: undefined,
      agreements: [{ plan: { code: 'pro' }, cancelledAt: minute(1) }],
    })
  })

  it('does not take a plan away because a later event does not name one', () => {
    expect(summarize(fold([created, at(1, 'changed', { agreement: 'a' })]), { now }).plan?.code).toBe('pro')
  })

  it('tells usage by meter, as last reported; 0 is a value, and no quantity is none', () => {
    const events = [
      at(1, 'usage', { meter: 'm2', feature: 'api', quantity: 5 }),
      at(3, 'usage', { id: 'event_zero', meter: 'm2', feature: 'api', quantity: 0 }),
      at(2, 'usage', { meter: 'm2', quantity: 9 }),
      at(4, 'usage', { meter: 'm2' }),
      at(1, 'usage', { meter: '__proto__', quantity: 1 }),
      at(1, 'usage', { feature: 'constructor', quantity: -0 }),
      at(1, 'usage', { quantity: 3 }),
    ]
    const usage = summarize(fold(events), { now }).usage
    expect(usage.map(({ meterId, featureCode, quantity }) => [meterId, featureCode, quantity])).toStrictEqual([
      [undefined, undefined, 3],
      [undefined, 'constructor', 0],
      ['__proto__', undefined, 1],
      ['m2', 'api', 0],
    ])
    expect(usage.at(-1)).toMatchObject({ reportedAt: minute(3), eventId: 'event_zero' })
  })

  it('tells which event is the latest', () => {
    const tie = [
      at(5, 'paid', { id: 'event_b' }),
      at(5, 'usage', { id: 'event_c' }),
      at(5, 'failed', { id: 'event_a' }),
    ]
    expect(summarize(fold([...tie, created]), { now })).toMatchObject({
      changedAt: minute(5),
      changedBy: { id: 'event_c', type: 'customer.meter_usage_updated' },
    })
    expect(summarize(fold([created]), { now }).changedBy).toEqual({ id: created.id, type: created.type })
  })

  it('breaks a tie of times by event id', () => {
    const access = (paidId: string, failedId: string) =>
      summarize(fold([at(5, 'paid', { id: paidId }), at(5, 'failed', { id: failedId })]), { now }).access
    expect(access('event_2', 'event_1')).toBe('active')
    expect(access('event_1', 'event_2')).toBe('past_due')
  })

  it('takes a Date or epoch milliseconds as the present, and nothing else', () => {
    const state = fold([created, at(1, 'cancelled', { agreement: 'a' })])
    expect(summarize(state, { now: minute(2) })).toStrictEqual(summarize(state, { now: minute(2).getTime() }))
    expect(() => summarize(state, { now: new Date(Number.NaN) })).toThrow(
      'now is a Date: pass epoch milliseconds or a valid Date',
    )
    for (const now of [undefined, null, '2026-01-01', true, []])
      expect(() => summarize(state, { now: now as unknown as number })).toThrow(/^now is .*: pass epoch milliseconds/)
  })
})
