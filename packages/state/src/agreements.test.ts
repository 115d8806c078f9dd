import { at, DAY, fold, type Happening, minute, permutations } from '@kinde-billing/test-support/billing-events'
import { describe, expect, it } from 'vitest'
import {
  type AccessPolicy,
  applyBillingEvent,
  type BillingChange,
  type BillingState,
  type BillingSummary,
  diffSummaries,
  summarize,
} from './index.js'

const DAY_MS = DAY * 60_000
const second = (seconds: number): number => seconds / 60

/** The summary at a day, which must be the same for every order of the facts. */
function summaryAt(day: number, history: readonly Happening[], policy?: AccessPolicy): BillingSummary {
  const options = { now: minute(day * DAY), policy }
  const summary = summarize(fold(history), options)
  const orders = history.length <= 5 ? permutations(history) : [[...history].reverse()]
  for (const order of orders) expect(summarize(fold(order), options)).toStrictEqual(summary)
  return summary
}

/** The changes that the last fact makes, seen at a day. */
function changesAt(day: number, history: readonly Happening[], policy?: AccessPolicy): BillingChange[] {
  const look = (known: readonly Happening[]) => summarize(fold(known), { now: minute(day * DAY), policy })
  return diffSummaries(look(history.slice(0, -1)), look(history))
}

const created = at(0, 'created', { agreement: 'A' })

describe('a cancellation', () => {
  it('shows no agreement if nothing else is known', () => {
    const cancelled = at(0, 'cancelled', { agreement: 'A' })
    expect(summaryAt(0.001, [cancelled])).toMatchObject({ access: 'none', hasAccess: false, agreements: [] })
    expect(summaryAt(0.001, [at(0, 'cancelled')]).access).toBe('none')
    expect(summaryAt(1, [cancelled, at(-DAY, 'created', { agreement: 'A' })]).access).toBe('cancelled')
    expect(summaryAt(1, [cancelled, at(1, 'paid', { agreement: 'A' })]).access).toBe('cancelled')
  })

  it('counts from the first one since the creation', () => {
    const first = at(DAY, 'cancelled', { agreement: 'A' })
    const again = at(9 * DAY, 'cancelled', { agreement: 'A' })
    expect(summaryAt(9.001, [created, first, again])).toMatchObject({
      access: 'cancelled',
      agreements: [{ cancelledAt: minute(DAY) }],
    })
    const renewal = at(5 * DAY, 'created', { agreement: 'A' })
    expect(summaryAt(20, [created, first, renewal, again])).toMatchObject({
      agreements: [{ cancelledAt: minute(9 * DAY) }],
    })
  })

  it('waits from its receipt if that is known and later', () => {
    const cancelled = at(DAY, 'cancelled', { agreement: 'A' })
    const before = fold([created])
    const received = (...days: number[]) =>
      days.reduce((state, day) => applyBillingEvent(state, cancelled, { receivedAt: minute(day * DAY) }), before)
    const access = (state: BillingState | undefined, day: number) => summarize(state, { now: minute(day * DAY) }).access
    expect(access(received(1.5), 1.501)).toBe('active')
    expect(access(received(1.5), 1.52)).toBe('cancelled')
    expect(access(received(0.5), 1.001)).toBe('active')
    expect(access(received(0.5), 1.02)).toBe('cancelled')
    expect(JSON.stringify(received(3, 1.5, 2))).toBe(JSON.stringify(received(1.5)))
    expect(JSON.stringify(applyBillingEvent(received(1.5), cancelled))).toBe(JSON.stringify(received(1.5)))
    expect(received(1.5, 2)).not.toBe(received(2))
  })

  it('is that of the replaced agreement without a plan, soon after a start', () => {
    const pro = [at(0, 'created', { plan: 'pro' }), at(second(0.6), 'assigned', { plan: 'pro' })]
    const cancelled = at(second(1.2), 'cancelled')
    expect(summaryAt(30, [...pro, cancelled])).toMatchObject({ access: 'active', plan: { code: 'pro' } })
    expect(summaryAt(60, [...pro, cancelled, at(40 * DAY, 'cancelled')]).access).toBe('cancelled')
  })

  it('ends the plan that it names without an id, and no other', () => {
    const basic = at(0, 'created', { plan: 'basic' })
    const end = at(30 * DAY, 'cancelled', { plan: 'basic' })
    expect(summaryAt(60, [basic, end, at(30 * DAY, 'cancelled', { plan: 'pro' })]).access).toBe('cancelled')
    const pro = at(0, 'created', { plan: 'pro' })
    const addon = at(DAY, 'created', { plan: 'addon' })
    for (const day of [1.001, 2])
      expect(summaryAt(60, [pro, addon, at(day * DAY, 'cancelled', { plan: 'addon' })])).toMatchObject({
        access: 'active',
        plan: { code: 'pro' },
      })
  })

  it('ends one of several agreements without ids and plans, also without a grace', () => {
    const policy = { cancellationGraceMs: 0 }
    for (const start of [0, DAY - 1]) {
      const two = [at(start, 'created'), at(DAY, 'created')]
      const first = at(DAY + second(1), 'cancelled')
      expect(summaryAt(30, [...two, first], policy).access).toBe('active')
      expect(summaryAt(90, [...two, first, at(60 * DAY, 'cancelled')], policy).access).toBe('cancelled')
    }
  })

  it('waits the grace for each agreement', () => {
    const history = [
      created,
      at(DAY, 'cancelled', { agreement: 'A' }),
      at(5 * DAY, 'created', { plan: 'pro' }),
      at(9 * DAY, 'cancelled', { plan: 'pro' }),
    ]
    expect(summaryAt(9.001, history)).toMatchObject({ access: 'active', reason: { rule: 'cancellation_waits' } })
    expect(summaryAt(9.02, history).access).toBe('cancelled')
  })

  it('shows the plan of the cancelled agreement while it waits, if that is the newer one', () => {
    const addon = at(0, 'created', { plan: 'addon' })
    const pro = at(DAY, 'created', { agreement: 'A', plan: 'pro' })
    const end = at(9 * DAY, 'cancelled', { agreement: 'A' })
    expect(summaryAt(9.001, [addon, pro, end]).plan?.code).toBe('pro')
    expect(changesAt(9.001, [addon, pro, end])).toEqual([])
    expect(summaryAt(9.02, [addon, pro, end]).plan?.code).toBe('addon')
  })

  it('ends the named agreement that it can be about without an id', () => {
    for (const plan of ['pro', undefined]) {
      const a = at(0, 'created', { agreement: 'A', plan: 'pro' })
      expect(summaryAt(60, [a, at(30 * DAY, 'cancelled', { plan })]).access).toBe('cancelled')
    }
  })

  it('ends the agreement without an id if no other fact has its id', () => {
    const pro = at(0, 'created', { plan: 'pro' })
    expect(summaryAt(60, [pro, at(30 * DAY, 'cancelled', { agreement: 'A' })]).access).toBe('cancelled')
    expect(summaryAt(60, [pro, at(1, 'cancelled', { agreement: 'Z' })]).access).toBe('active')
  })

  it('ends an agreement that was suspended, and that is one change', () => {
    const history = [created, at(DAY, 'failed', { agreement: 'A' }), at(9 * DAY, 'cancelled', { agreement: 'A' })]
    expect(changesAt(10, history, { pastDueGraceMs: 0 })).toStrictEqual([
      { type: 'access_lost', access: 'cancelled', plan: undefined },
    ])
  })
})

describe('a debt', () => {
  it('stays with the agreement that ran when it arose without an id', () => {
    const history = [created, at(DAY, 'failed'), at(9 * DAY, 'cancelled', { agreement: 'A' })]
    const policy = { pastDueGraceMs: 0 }
    for (const day of [9, 9.001, 20]) expect(summaryAt(day, history, policy).hasAccess).toBe(false)
    expect(changesAt(9.001, history, policy)).toEqual([])
  })

  it('is not recovered by another agreement', () => {
    const history = [created, at(DAY, 'failed'), at(2 * DAY, 'created', { plan: 'P' })]
    expect(changesAt(3, history).map(({ type }) => type)).not.toContain('payment_recovered')
    expect(summaryAt(3, history).agreements.find(({ id }) => id === 'A')?.pastDueSince).toEqual(minute(DAY))
    const overdue = [at(0, 'overdue'), at(DAY, 'created', { agreement: 'A' })]
    expect(changesAt(3, overdue).map(({ type }) => type)).toEqual(['debt_dropped'])
    expect(summaryAt(3, overdue).access).toBe('active')
  })

  it('counts for none of several agreements without an id', () => {
    const history = [
      created,
      at(1, 'created', { plan: 'P' }),
      at(9 * DAY, 'failed'),
      at(10 * DAY, 'paid', { agreement: 'A' }),
      at(40 * DAY, 'cancelled', { agreement: 'A' }),
    ]
    expect(summaryAt(60, history, { pastDueGraceMs: 14 * DAY_MS })).toMatchObject({
      access: 'active',
      plan: { code: 'P' },
    })
  })

  it('suspends from the first unpaid failure, however often the payment is tried', () => {
    const policy = { pastDueGraceMs: 45 * DAY_MS }
    for (const tries of [46, 60, 120]) {
      const daily = Array.from({ length: tries }, (_, day) => at((day + 3) * DAY, 'failed', { agreement: 'A' }))
      const history = [
        created,
        at(DAY, 'failed', { agreement: 'A' }),
        at(2 * DAY, 'paid', { agreement: 'A' }),
        ...daily,
      ]
      const early = history.slice(0, 40)
      expect(summaryAt(47, early, policy).access).toBe('past_due')
      expect(summaryAt(tries + 3, history, policy).access).toBe('suspended')
    }
  })

  it('is dropped by an upgrade, which says so', () => {
    const history = [
      created,
      at(DAY, 'failed', { agreement: 'A' }),
      at(2 * DAY, 'created', { agreement: 'B' }),
      at(2 * DAY, 'cancelled', { agreement: 'A' }),
    ]
    expect(changesAt(3, history)).toStrictEqual([{ type: 'debt_dropped', agreementId: 'A', since: minute(DAY) }])
  })

  it('does not burden an agreement that is created again after an earlier life', () => {
    const history = [created, at(DAY, 'failed', { agreement: 'A' }), at(2 * DAY, 'created', { agreement: 'A' })]
    expect(summaryAt(3, history)).toMatchObject({ access: 'active', agreements: [{ pastDueSince: undefined }] })
    expect(changesAt(3, history).map(({ type }) => type)).toEqual(['debt_dropped'])
  })
})

describe('a plan', () => {
  it('belongs to the agreement on it if it is assigned without an id, and does not outlive it', () => {
    const a = at(0, 'created', { agreement: 'A', plan: 'basic' })
    const assigned = at(second(0.6), 'assigned', { plan: 'basic' })
    const changed = at(9 * DAY, 'changed', { agreement: 'A', plan: 'pro' })
    expect(summaryAt(10, [a, assigned, changed])).toMatchObject({ access: 'active', plan: { code: 'pro' } })
    const end = at(20 * DAY, 'cancelled', { agreement: 'A', plan: 'pro' })
    expect(summaryAt(30, [a, assigned, changed, end]).access).toBe('cancelled')
  })

  it('keeps its code if a later fact names it by its id', () => {
    const a = at(0, 'created', { agreement: 'A', plan: 'basic', planId: '1' })
    expect(summaryAt(1, [a, at(1, 'assigned', { agreement: 'A', planId: '1' })]).plan?.code).toBe('basic')
  })
})

describe('usage', () => {
  it('shows its agreement for good, however many reports of others follow', () => {
    const others = Array.from({ length: 33 }, (_, index) =>
      at(index + 1, 'usage', { agreement: 'B', meter: 'm', quantity: 1 }),
    )
    const history = [at(0, 'usage', { agreement: 'A', meter: 'm', quantity: 1 }), ...others]
    expect(summaryAt(60, [...history, at(DAY, 'cancelled', { agreement: 'B' })])).toMatchObject({
      access: 'active',
      agreements: [
        { id: 'B', access: 'cancelled' },
        { id: 'A', access: 'active' },
      ],
    })
  })
})
