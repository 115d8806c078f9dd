import type { BillingEvent } from '@kinde-billing/core'
import { at, fold, LATER, minute, permutations } from '@kinde-billing/test-support/billing-events'
import { describe, expect, it } from 'vitest'
import { type AccessPolicy, type BillingSummary, summarize } from './index.js'

/** The summary, which must be the same for every order of the events. */
function summaryOf(events: BillingEvent[], policy?: AccessPolicy): BillingSummary {
  const summary = summarize(fold(events), { now: LATER, policy })
  for (const order of permutations(events))
    expect(summarize(fold(order), { now: LATER, policy })).toStrictEqual(summary)
  return summary
}

const accessOf = (...events: BillingEvent[]) => summaryOf(events).access

describe('where no event names an agreement', () => {
  it.each(['created', 'assigned', 'changed', 'paid', 'usage'] as const)('grants access for %s alone', (type) => {
    expect(summaryOf([at(0, type)])).toMatchObject({ access: 'active', agreements: [{ id: undefined }] })
  })

  it.each(['failed', 'overdue'] as const)('is past due for %s alone', (type) => {
    expect(accessOf(at(0, type))).toBe('past_due')
  })

  it('ends with a cancellation what was created on the same plan', () => {
    expect(accessOf(at(0, 'created', { plan: 'pro' }), at(1, 'cancelled', { plan: 'pro' }))).toBe('cancelled')
    expect(accessOf(at(0, 'created'), at(10, 'cancelled'))).toBe('cancelled')
  })

  it('keeps what was created after a cancellation', () => {
    expect(accessOf(at(1, 'created', { plan: 'pro' }), at(0, 'cancelled', { plan: 'pro' }))).toBe('active')
  })

  it('keeps access through an upgrade, whichever of its events carry a plan', () => {
    for (const [old, next] of [
      ['basic', 'pro'],
      [undefined, 'pro'],
      ['basic', undefined],
      [undefined, undefined],
    ] as const)
      for (const cancelledAt of [9.9, 10, 10.1]) {
        const summary = summaryOf([
          at(0, 'created', { plan: old }),
          at(10, 'created', { plan: next }),
          at(cancelledAt, 'cancelled', { plan: old }),
        ])
        expect(summary.access).toBe('active')
        if (next !== undefined) expect(summary.plan?.code).toBe(next)
      }
  })

  it('keeps access through an upgrade that only plan_changed tells of, until the end of the new plan', () => {
    const upgrade = [at(0, 'created', { plan: 'basic' }), at(10, 'changed', { plan: 'pro' })]
    const old = at(10.1, 'cancelled', { plan: 'basic' })
    expect(summaryOf([...upgrade, old])).toMatchObject({ access: 'active', plan: { code: 'pro' } })
    expect(accessOf(...upgrade, old, at(60, 'cancelled', { plan: 'pro' }))).toBe('cancelled')
  })

  it('clears a failure by a later payment, and by no earlier one', () => {
    const created = at(0, 'created', { plan: 'pro' })
    expect(accessOf(created, at(2, 'failed'), at(3, 'paid'))).toBe('active')
    expect(accessOf(created, at(3, 'failed'), at(2, 'paid'))).toBe('past_due')
  })

  it('starts a new agreement without the debt of an earlier one', () => {
    expect(accessOf(at(0, 'failed'), at(1, 'created', { plan: 'pro' }))).toBe('active')
  })
})

describe('beside an agreement that has an id', () => {
  const created = at(0, 'created', { agreement: 'a', plan: 'pro', due: '2026-04-01' })
  const cancelled = at(60, 'cancelled', { agreement: 'a', plan: 'pro' })

  it('ends with a cancellation without an id, unless that names another plan', () => {
    expect(accessOf(created, at(60, 'cancelled', { plan: 'pro' }))).toBe('cancelled')
    expect(accessOf(created, at(60, 'cancelled'))).toBe('cancelled')
    expect(accessOf(created, at(60, 'cancelled', { plan: 'basic' }))).toBe('active')
  })

  it('clears the debt of any agreement by a payment without an id', () => {
    const second = at(0, 'created', { agreement: 'b' })
    const debts = [at(1, 'failed', { agreement: 'a' }), at(2, 'overdue', { agreement: 'b' })]
    expect(summaryOf([created, second, ...debts, at(3, 'paid')]).agreements.map(({ access }) => access)).toEqual([
      'active',
      'active',
    ])
  })

  it.each(['failed', 'overdue'] as const)('counts %s without an id for the only agreement', (type) => {
    expect(accessOf(created, at(1, type))).toBe('past_due')
    expect(accessOf(created, at(1, type), at(2, 'paid', { agreement: 'a' }))).toBe('active')
    expect(accessOf(created, at(1, type), at(2, 'paid'))).toBe('active')
  })

  it('counts a failure without an id for none of several agreements, nor for one that is younger', () => {
    const second = at(2, 'created', { agreement: 'b' })
    const end = at(3, 'cancelled', { agreement: 'a' })
    expect(accessOf(created, at(1, 'failed'), second)).toBe('active')
    expect(accessOf(created, at(1, 'failed'), second, end)).toBe('active')
    expect(accessOf(created, second, end, at(4, 'failed'))).toBe('past_due')
  })

  it.each([
    ['created', { plan: 'pro' }],
    ['assigned', { plan: 'pro' }],
    ['assigned', {}],
    ['changed', { plan: 'pro' }],
    ['paid', {}],
    ['failed', {}],
    ['usage', {}],
  ] as const)('ends %s %j without an id with the agreement that it is about', (type, parts) => {
    expect(summaryOf([created, at(0.1, type, parts), cancelled])).toMatchObject({
      access: 'cancelled',
      agreements: [{ id: 'a' }],
    })
  })

  it('ends a plan without an id with a cancellation a minute later', () => {
    const soon = at(1, 'cancelled', { agreement: 'a', plan: 'pro' })
    expect(accessOf(created, at(0.1, 'assigned', { plan: 'pro' }), soon)).toBe('cancelled')
    expect(accessOf(created, at(0.1, 'assigned'), soon)).toBe('cancelled')
    expect(accessOf(created, at(0.1, 'paid'), soon)).toBe('cancelled')
  })

  it.each([
    ['created', { plan: 'pro' }],
    ['assigned', { plan: 'pro' }],
    ['changed', { plan: 'basic' }],
  ] as const)('grants access for %s %j without an id after the end of all agreements', (type, parts) => {
    expect(accessOf(created, cancelled, at(61, type, parts))).toBe('active')
  })

  it('grants access for a payment after the end of all agreements only if the policy says so', () => {
    const policy = { unlinkedPaymentGrantsAccess: true }
    expect(summaryOf([created, cancelled, at(61, 'paid')], policy).access).toBe('active')
    expect(accessOf(created, cancelled, at(61, 'paid'))).toBe('cancelled')
    expect(accessOf(at(61, 'paid'))).toBe('active')
  })

  it.each(['failed', 'overdue', 'usage', 'cancelled'] as const)(
    'grants no access for %s without an id after the end of all agreements',
    (type) => {
      expect(accessOf(created, cancelled, at(61, type))).toBe('cancelled')
    },
  )

  it('takes another plan without an id for a separate agreement, until one with an id has it', () => {
    const changed = at(10, 'changed', { plan: 'max' })
    expect(summaryOf([created, changed, cancelled])).toMatchObject({ access: 'active', plan: { code: 'max' } })
    const named = at(11, 'created', { agreement: 'b', plan: 'max' })
    const end = at(90, 'cancelled', { agreement: 'b', plan: 'max' })
    expect(summaryOf([created, changed, cancelled, named]).agreements.map(({ id }) => id)).toEqual(['b', 'a'])
    expect(accessOf(created, changed, cancelled, named, end)).toBe('cancelled')
  })

  it('tells the only agreement its plan and next invoice, if not from before it', () => {
    const bare = at(10, 'created', { agreement: 'b' })
    expect(summaryOf([bare, at(9, 'changed', { plan: 'max' })]).plan?.code).toBe('max')
    expect(summaryOf([bare, at(1, 'changed', { plan: 'max' })]).plan).toBeUndefined()
    const nextInvoiceOn = (minutes: number) =>
      summaryOf([bare, at(minutes, 'paid', { due: '2026-05-01' })]).nextInvoiceOn
    expect(nextInvoiceOn(11)).toEqual(new Date('2026-05-01'))
    expect(nextInvoiceOn(4)).toBeUndefined()
  })

  it('takes a blank id for none', () => {
    const event = { ...at(0, 'created', { plan: 'pro' }), agreement: { id: ' ' } }
    expect(summarize(fold([event]), { now: minute(0) }).agreements[0]?.id).toBeUndefined()
  })
})
