import type { BillingEvent } from '@kinde-billing/core'
import { at, fold, LATER, minute } from '@kinde-billing/test-support/billing-events'
import { describe, expect, it } from 'vitest'
import { type AccessPolicy, type BillingChange, diffSummaries, summarize } from './index.js'

const created = at(0, 'created', { agreement: 'a', plan: 'basic' })
const failed = at(10, 'failed', { agreement: 'a' })
const plan = (code: string) => ({ id: undefined, code, name: undefined })

/** The changes by the last of the events. */
function changes(events: BillingEvent[], policy?: AccessPolicy): BillingChange[] {
  const look = (known: BillingEvent[]) => summarize(fold(known), { now: LATER, policy })
  return diffSummaries(look(events.slice(0, -1)), look(events))
}

const types = (events: BillingEvent[], policy?: AccessPolicy): string[] =>
  changes(events, policy).map(({ type }) => type)

describe('access', () => {
  it('is granted at the first agreement, with its plan', () => {
    expect(changes([created])).toStrictEqual([{ type: 'access_granted', plan: plan('basic') }])
    expect(diffSummaries(undefined, summarize(fold([created]), { now: LATER }))).toStrictEqual(changes([created]))
  })

  it('is lost with the last agreement', () => {
    expect(changes([created, at(1, 'cancelled', { agreement: 'a' })])).toStrictEqual([
      { type: 'access_lost', access: 'cancelled', plan: plan('basic') },
    ])
  })

  it('is lost by a suspension, and granted again by the payment', () => {
    const policy = { pastDueGraceMs: 0 }
    expect(changes([created, failed], policy)).toStrictEqual([
      { type: 'access_lost', access: 'suspended', plan: plan('basic') },
      { type: 'payment_due', agreementId: 'a', since: minute(10) },
    ])
    expect(types([created, failed, at(11, 'paid', { agreement: 'a' })], policy)).toEqual([
      'access_granted',
      'payment_recovered',
    ])
  })

  it('is lost by time alone', () => {
    const state = fold([created, at(1, 'cancelled', { agreement: 'a' })])
    const waiting = summarize(state, { now: minute(1) })
    expect(waiting.reviewAt).toEqual(minute(16))
    const review = (now: Date) => diffSummaries(waiting, summarize(state, { now })).map(({ type }) => type)
    expect(review(minute(15.9))).toEqual([])
    expect(review(minute(16))).toEqual(['access_lost'])
  })
})

describe('a plan', () => {
  const upgrade = [at(10, 'created', { agreement: 'b', plan: 'pro' }), at(10, 'cancelled', { agreement: 'a' })]

  it('changes once in an upgrade, at the event that tells of the new one', () => {
    expect(changes([created, ...upgrade.slice(0, 1)])).toStrictEqual([
      { type: 'plan_changed', from: plan('basic'), to: plan('pro') },
    ])
    expect(changes([created, ...upgrade])).toEqual([])
    expect(changes([created, ...upgrade, at(10, 'changed', { plan: 'pro' })])).toEqual([])
  })

  it('changes if it becomes known, and not if it is named otherwise or no more', () => {
    const bare = at(0, 'created', { agreement: 'a' })
    expect(changes([bare, at(1, 'assigned', { agreement: 'a', plan: 'pro' })])).toStrictEqual([
      { type: 'plan_changed', from: undefined, to: plan('pro') },
    ])
    const named = { ...at(1, 'changed', { agreement: 'a' }), plan: { ...plan('basic'), name: 'Basic' } }
    expect(changes([created, named as BillingEvent])).toEqual([])
    expect(changes([created, at(2, 'created', { agreement: 'b' })])).toEqual([])
  })
})

describe('payments', () => {
  const second = at(0, 'created', { agreement: 'b', plan: 'pro' })

  it('are due once, however often they fail', () => {
    expect(changes([created, failed])).toStrictEqual([{ type: 'payment_due', agreementId: 'a', since: minute(10) }])
    expect(changes([created, failed, at(11, 'failed', { agreement: 'a' })])).toEqual([])
    expect(changes([created, failed, at(11, 'overdue', { agreement: 'a' })])).toEqual([])
  })

  it('recover', () => {
    expect(changes([created, failed, at(11, 'paid', { agreement: 'a' })])).toStrictEqual([
      { type: 'payment_recovered', agreementId: 'a' },
    ])
    expect(changes([created, at(11, 'paid', { agreement: 'a' }), failed])).toEqual([])
  })

  it('are due for one agreement while another is paid', () => {
    expect(types([created, second, failed])).toEqual(['payment_due'])
    expect(types([created, second, failed, at(11, 'failed', { agreement: 'b' })])).toEqual(['payment_due'])
  })

  it('do not recover because the agreement ends', () => {
    expect(types([created, second, failed, at(11, 'cancelled', { agreement: 'a' })])).toEqual(['debt_dropped'])
  })

  it('are due and recover once where an id becomes known between', () => {
    expect(types([at(10, 'failed')])).toEqual(['access_granted', 'payment_due'])
    expect(types([at(10, 'failed'), created])).toEqual(['plan_changed'])
    expect(types([at(10, 'failed'), at(11, 'paid', { agreement: 'a' })])).toEqual(['payment_recovered'])
  })
})

describe('usage', () => {
  it('changes with each newer report, also of the same quantity', () => {
    const report = (minutes: number, quantity: number) => at(minutes, 'usage', { agreement: 'a', meter: 'm', quantity })
    const change = { type: 'usage_changed', meterId: 'm', featureCode: undefined }
    expect(changes([created, report(1, 5)])).toStrictEqual([{ ...change, quantity: 5, previous: undefined }])
    expect(changes([created, report(1, 5), report(2, 0)])).toStrictEqual([{ ...change, quantity: 0, previous: 5 }])
    expect(changes([created, report(1, 5), report(2, 5)])).toStrictEqual([{ ...change, quantity: 5, previous: 5 }])
    expect(changes([created, report(2, 5), report(1, 4)])).toEqual([])
  })
})

it('shows nothing for a repeated event', () => {
  for (const events of [[created], [created, failed], [created, failed, at(11, 'paid', { agreement: 'a' })]])
    for (const again of events) expect(changes([...events, again])).toEqual([])
})
