import { at, DAY, fold, type Happening, listed, minute, permutations } from '@kinde-billing/test-support/billing-events'
import { describe, expect, it } from 'vitest'
import { type AccessPolicy, applySnapshot, type BillingSummary, summarize } from './index.js'

function summaryAt(day: number, history: readonly Happening[], policy?: AccessPolicy): BillingSummary {
  const options = { now: minute(day * DAY), policy }
  const summary = summarize(fold(history), options)
  for (const order of permutations(history)) expect(summarize(fold(order), options)).toStrictEqual(summary)
  return summary
}

const created = at(0, 'created', { agreement: 'A', plan: 'basic' })
const cancelled = at(5 * DAY, 'cancelled', { agreement: 'A' })

describe('a snapshot', () => {
  it('brings in an agreement that no event named, with its plan, period and features', () => {
    const snapshot = listed(0, {
      A: { planCode: 'pro', periodEndsOn: minute(30 * DAY), features: ['sso', 'exports', 'sso'] },
    })
    expect(summaryAt(1, [snapshot])).toMatchObject({
      access: 'active',
      plan: { code: 'pro' },
      features: ['exports', 'sso'],
      periodEndsOn: minute(30 * DAY),
      agreements: [{ id: 'A', createdAt: undefined }],
      reason: { rule: 'active', fact: { source: 'snapshot' } },
    })
    expect(summaryAt(6, [snapshot, cancelled]).access).toBe('cancelled')
  })

  it('ends by absence only if its list is complete, at once, and not again each night', () => {
    expect(summaryAt(2, [created, listed(DAY, {}, false)]).access).toBe('active')
    expect(summaryAt(1, [created, listed(DAY, {})])).toMatchObject({
      access: 'cancelled',
      reason: { rule: 'not_listed' },
    })
    const nights = [listed(DAY, {}), listed(2 * DAY, {}), listed(3 * DAY, {})]
    expect(summaryAt(3, [created, ...nights]).agreements).toMatchObject([{ cancelledAt: minute(DAY) }])
  })

  it('does not undo an event that is newer', () => {
    expect(summaryAt(2, [created, listed(-DAY, {})]).access).toBe('active')
    expect(summaryAt(6, [created, cancelled, listed(4 * DAY, { A: {} })]).access).toBe('cancelled')
    const renewal = at(6 * DAY, 'created', { agreement: 'A' })
    expect(summaryAt(7, [created, listed(5.5 * DAY, {}), renewal]).access).toBe('active')
    expect(summaryAt(9, [listed(0, { A: { expiresOn: minute(8 * DAY) } }), renewal]).access).toBe('active')
  })

  it('shows that the agreement runs if it is newer than a cancellation', () => {
    const again = listed(6 * DAY, { A: {} })
    expect(summaryAt(7, [created, cancelled, again]).access).toBe('active')
    expect(summaryAt(9, [created, cancelled, again, listed(8 * DAY, {})]).access).toBe('cancelled')
    const ended = listed(6 * DAY, { A: { expiresOn: minute(5 * DAY) } })
    expect(summaryAt(7, [created, cancelled, ended]).access).toBe('cancelled')
  })

  it('ends an agreement at its expiry, and never at the end of its period', () => {
    const snapshot = listed(DAY, { A: { expiresOn: minute(9 * DAY), periodEndsOn: minute(2 * DAY) } })
    expect(summaryAt(8, [created, snapshot])).toMatchObject({ access: 'active', reviewAt: minute(9 * DAY) })
    expect(summaryAt(9, [created, snapshot])).toMatchObject({
      access: 'cancelled',
      reason: { rule: 'expired' },
      agreements: [{ cancelledAt: minute(9 * DAY) }],
    })
    expect(summaryAt(1, [listed(DAY, { A: { expiresOn: minute(0) } })]).access).toBe('cancelled')
  })

  it('leaves what is owed to events', () => {
    const failed = at(DAY, 'failed', { agreement: 'A' })
    expect(summaryAt(3, [created, failed, listed(2 * DAY, { A: {} })]).access).toBe('past_due')
  })

  it('names the agreement that events showed without an id, and ends those that it leaves out', () => {
    const unnamed = at(0, 'created', { plan: 'pro' })
    const snapshot = listed(DAY, { A: { planCode: 'pro' } })
    expect(summaryAt(2, [unnamed, snapshot]).agreements.map(({ id }) => id)).toEqual(['A'])
    expect(summaryAt(6, [unnamed, snapshot, cancelled]).access).toBe('cancelled')
    expect(summaryAt(2, [unnamed, listed(DAY, { B: { planCode: 'max' } })])).toMatchObject({
      plan: { code: 'max' },
      agreements: [
        { id: 'B', access: 'active' },
        { id: undefined, access: 'cancelled' },
      ],
    })
  })

  it('tells the features of its plan only', () => {
    const snapshot = listed(DAY, { A: { planCode: 'basic', features: ['projects'] } })
    expect(summaryAt(3, [created, snapshot]).features).toEqual(['projects'])
    const changed = at(2 * DAY, 'changed', { agreement: 'A', plan: 'pro' })
    expect(summaryAt(3, [created, snapshot, changed])).toMatchObject({ features: [], plan: { code: 'pro' } })
  })

  it('counts before an event of the same moment', () => {
    expect(summaryAt(1, [listed(0, {}), created]).access).toBe('active')
  })

  it('names the customer', () => {
    const snapshot = { ...listed(0, {}), customer: { id: 'customer_1', userId: 'kp_1' } }
    expect(summarize(fold([snapshot]), { now: minute(0) }).customer).toEqual({
      id: 'customer_1',
      orgCode: undefined,
      userId: 'kp_1',
    })
  })

  it('is refused without a date, and with an agreement without an id', () => {
    const observedAt = new Date(Number.NaN)
    expect(() => applySnapshot(undefined, { observedAt, complete: true, agreements: [] })).toThrow('observedAt')
    const agreements = [{ id: ' ' }]
    expect(() => applySnapshot(undefined, { observedAt: minute(0), complete: true, agreements })).toThrow(
      'needs its id',
    )
  })
})

describe('cancelledAccess: until_period_end', () => {
  const policy = { cancelledAccess: 'until_period_end' } as const

  it('keeps the access until the period ends, if its end is known', () => {
    const snapshot = listed(DAY, { A: { periodEndsOn: minute(30 * DAY) } })
    expect(summaryAt(29, [created, snapshot, cancelled], policy)).toMatchObject({
      access: 'active',
      reason: { rule: 'paid_period' },
      reviewAt: minute(30 * DAY),
    })
    expect(summaryAt(30, [created, snapshot, cancelled], policy).access).toBe('cancelled')
    expect(summaryAt(29, [created, snapshot, listed(5 * DAY, {})], policy).access).toBe('active')
    const paid = at(DAY, 'paid', { agreement: 'A', due: '2026-03-21' })
    expect(summaryAt(19, [created, paid, cancelled], policy).access).toBe('active')
    expect(summaryAt(21, [created, paid, cancelled], policy).access).toBe('cancelled')
    expect(summaryAt(6, [created, cancelled], policy).access).toBe('cancelled')
  })

  it('ends the old agreement of an upgrade at once', () => {
    const snapshot = listed(DAY, { A: { periodEndsOn: minute(30 * DAY) } })
    const upgrade = at(5 * DAY, 'created', { agreement: 'B', plan: 'pro' })
    expect(summaryAt(6, [created, snapshot, upgrade, cancelled], policy).agreements).toMatchObject([
      { id: 'B', access: 'active' },
      { id: 'A', access: 'cancelled' },
    ])
  })

  it('refuses other values', () => {
    const wrong = { cancelledAccess: 'never' } as unknown as AccessPolicy
    expect(() => summarize(undefined, { now: 0, policy: wrong })).toThrow('policy.cancelledAccess is "never"')
  })
})
