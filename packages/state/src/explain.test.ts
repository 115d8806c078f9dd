import { at, DAY, fold, listed, minute } from '@kinde-billing/test-support/billing-events'
import { describe, expect, it } from 'vitest'
import { type AccessPolicy, explain, summarize } from './index.js'

const created = at(0, 'created', { id: 'event_created', agreement: 'A', plan: 'pro' })
const failed = at(DAY, 'failed', { id: 'event_failed', agreement: 'A' })
const paid = at(2 * DAY, 'paid', { id: 'event_paid', agreement: 'A' })
const cancelled = at(3 * DAY, 'cancelled', { id: 'event_cancelled', agreement: 'A' })

const reasonAt = (day: number, history: Parameters<typeof fold>[0], policy?: AccessPolicy) =>
  summarize(fold(history), { now: minute(day * DAY), policy }).reason

describe('the reason', () => {
  it.each([
    { rule: 'active', by: 'event_created', day: 1, history: [created] },
    { rule: 'payment_failed', by: 'event_failed', day: 2, history: [created, failed] },
    {
      rule: 'payment_grace_over',
      by: 'event_failed',
      day: 2,
      history: [created, failed],
      policy: { pastDueGraceMs: 1 },
    },
    { rule: 'active', by: 'event_paid', day: 3, history: [created, failed, paid] },
    { rule: 'cancellation_waits', by: 'event_cancelled', day: 3.001, history: [created, cancelled] },
    { rule: 'cancelled', by: 'event_cancelled', day: 4, history: [created, failed, cancelled] },
  ] as const)('is $rule by $by', ({ rule, by, day, history, ...rest }) => {
    const policy = 'policy' in rest ? rest.policy : undefined
    expect(reasonAt(day, history, policy)).toMatchObject({ rule, fact: { source: 'event', id: by } })
    // without the fact, the answer is another
    const without = reasonAt(
      day,
      history.filter(({ id }) => id !== by),
      policy,
    )
    expect(without).not.toEqual(reasonAt(day, history, policy))
  })

  it('names a snapshot', () => {
    const history = [created, listed(5 * DAY, {})]
    expect(reasonAt(6, history)).toStrictEqual({
      rule: 'not_listed',
      fact: { source: 'snapshot', at: minute(5 * DAY) },
      text: "No access: Kinde's complete list of 2026-03-06 00:00 UTC does not have agreement A on plan pro, and no other runs.",
    })
    const expired = [created, listed(5 * DAY, { A: { expiresOn: minute(6 * DAY) } })]
    expect(reasonAt(7, expired)).toMatchObject({ rule: 'expired', fact: { source: 'snapshot' } })
  })

  it('can be read out', () => {
    expect(reasonAt(2, [created, failed], { pastDueGraceMs: 2 * DAY * 60_000 }).text).toBe(
      'Access, with a payment due: a payment for agreement A on plan pro failed on 2026-03-02 00:00 UTC and has not been made since; access until 2026-03-04 00:00 UTC.',
    )
    const hostile = at(0, 'created', { agreement: 'a\nb\u2028', plan: 'x'.repeat(300) })
    expect(reasonAt(1, [hostile]).text).toMatch(/^Access: agreement a\?b\? on plan x{79}… was created/)
  })
})

describe('explain', () => {
  it('tells each fact in the order of time, and ends with the reason', () => {
    const state = fold([cancelled, paid, failed, created])
    const steps = explain(state, { now: minute(4 * DAY) })
    expect(steps.map(({ text }) => text)).toEqual([
      'Kinde created agreement A on plan pro.',
      'A payment for agreement A on plan pro failed.',
      'A payment for agreement A on plan pro succeeded: nothing is owed.',
      'Kinde cancelled agreement A on plan pro.',
      'No access: agreement A on plan pro was cancelled on 2026-03-04 00:00 UTC, and no other runs.',
    ])
    expect(steps.at(1)?.fact).toStrictEqual({
      source: 'event',
      id: 'event_failed',
      type: 'customer.payment_failed',
      at: minute(DAY),
    })
    expect(steps.at(-1)?.fact).toEqual(summarize(state, { now: minute(4 * DAY) }).reason.fact)
  })

  it('says how an event without an agreement id was read', () => {
    const state = fold([at(0, 'created', { plan: 'pro' }), at(DAY, 'cancelled')])
    expect(explain(state, { now: minute(2 * DAY) }).map(({ text }) => text)).toEqual([
      'Kinde created an agreement without an id on plan pro. The event names no agreement.',
      'Kinde cancelled an agreement without an id on plan pro. The event names no agreement.',
      'No access: an agreement without an id on plan pro was cancelled on 2026-03-02 00:00 UTC, and no other runs.',
    ])
  })

  it('tells of snapshots', () => {
    const state = fold([
      listed(0, { A: { planCode: 'pro' } }),
      listed(DAY, {}),
      listed(2 * DAY, { A: { planCode: 'pro' } }),
    ])
    expect(explain(state, { now: minute(3 * DAY) }).map(({ text }) => text)).toEqual([
      'A first fact shows agreement A on plan pro.',
      "Kinde's list has agreement A on plan pro.",
      "Kinde's list has agreement A on plan pro.",
      'Access: agreement A on plan pro was on the list that Kinde gave on 2026-03-01 00:00 UTC, and nothing is owed.',
    ])
  })

  it('has a reason for a customer of whom nothing is known', () => {
    expect(explain(undefined, { now: minute(0) })).toEqual([
      { at: minute(0), text: 'No access: no agreement of this customer is known.', fact: undefined },
    ])
  })
})
