import { at, DAY, fold, type Happening, LATER, minute, permutations } from '@kinde-billing/test-support/billing-events'
import { describe, expect, it } from 'vitest'
import { type BillingSummary, summarize } from './index.js'

/** The summary, which must be the same for every order of the events. */
function summaryOf(...history: Happening[]): BillingSummary {
  const summary = summarize(fold(history), { now: LATER })
  const orders = history.length <= 5 ? permutations(history) : [[...history].reverse()]
  for (const order of orders) expect(summarize(fold(order), { now: LATER })).toStrictEqual(summary)
  return summary
}

const basic = at(0, 'created', { plan: 'basic' })

describe('a plan change with the first agreement id', () => {
  const changed = at(DAY, 'changed', { agreement: 'A', plan: 'pro' })

  it('is that of the only agreement, which its cancellation ends', () => {
    expect(summaryOf(basic, changed)).toMatchObject({ plan: { code: 'pro' }, agreements: [{ id: 'A' }] })
    for (const days of [1.001, 9])
      for (const names of [{ agreement: 'A', plan: 'pro' }, { agreement: 'A' }, { plan: 'pro' }])
        expect(summaryOf(basic, changed, at(days * DAY, 'cancelled', names)).access).toBe('cancelled')
  })

  it('is that of a new agreement if the old plan is cancelled', () => {
    const old = at(DAY + 1, 'cancelled', { plan: 'basic' })
    expect(summaryOf(basic, changed, old)).toMatchObject({ access: 'active', plan: { code: 'pro' } })
    expect(summaryOf(basic, changed, old, at(9 * DAY, 'cancelled', { agreement: 'A' })).access).toBe('cancelled')
    const named = at(DAY + 1, 'cancelled', { agreement: 'B', plan: 'basic' })
    expect(summaryOf(basic, changed, named)).toMatchObject({ access: 'active', plan: { code: 'pro' } })
  })

  it('is read before an assignment of the same moment', () => {
    const assigned = at(DAY, 'assigned', { agreement: 'A', plan: 'pro', id: 'event_000000' })
    const cancelled = at(9 * DAY, 'cancelled', { agreement: 'A', plan: 'pro' })
    expect(summaryOf(basic, assigned, changed, cancelled).access).toBe('cancelled')
  })
})

describe('a plan change without an id', () => {
  it('leaves the plan open if it names none: a cancellation may name another', () => {
    const changed = at(DAY, 'changed')
    expect(summaryOf(basic, changed)).toMatchObject({ access: 'active', plan: { code: 'basic' } })
    expect(summaryOf(basic, changed, at(9 * DAY, 'cancelled', { plan: 'pro' })).access).toBe('cancelled')
  })

  it('may return to an earlier plan', () => {
    const changes = [at(DAY, 'changed', { plan: 'pro' }), at(9 * DAY, 'changed', { plan: 'basic' })]
    expect(summaryOf(basic, ...changes, at(20 * DAY, 'cancelled', { plan: 'basic' })).access).toBe('cancelled')
    const replaced = at(9 * DAY + 1, 'cancelled', { plan: 'pro' })
    expect(summaryOf(basic, ...changes, replaced)).toMatchObject({ access: 'active', plan: { code: 'basic' } })
  })

  it('does not draw the cancellation of its earlier plan, which another agreement is on', () => {
    const history = [basic, at(DAY, 'changed', { plan: 'pro' }), at(9 * DAY, 'created', { plan: 'basic' })]
    const cancelled = at(20 * DAY, 'cancelled', { plan: 'basic' })
    expect(summaryOf(...history, cancelled)).toMatchObject({ access: 'active', plan: { code: 'pro' } })
    expect(summaryOf(...history, cancelled, at(30 * DAY, 'cancelled', { plan: 'pro' })).access).toBe('cancelled')
  })
})

describe('an agreement id', () => {
  it('goes to the creation that is nearest, of two within minutes', () => {
    const summary = summaryOf(
      at(0, 'created'),
      at(0.05, 'paid', { agreement: 'A' }),
      at(3, 'created'),
      at(3.01, 'cancelled', { agreement: 'A' }),
    )
    expect(summary).toMatchObject({ access: 'active', agreements: [{ createdAt: minute(3) }, { id: 'A' }] })
  })
})
