import type { BillingEvent } from '@kinde-billing/core'
import {
  addTo,
  at,
  fold,
  type Happening,
  LATER,
  listed,
  minute,
  renewed,
  type ShortType,
  START,
} from '@kinde-billing/test-support/billing-events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyBillingEvent, type BillingState, mergeStates, summarize } from './index.js'

const AGREEMENTS = [undefined, 'agreement_a', 'agreement_b', '__proto__', 'constructor', '\ud800']
const TYPES: ShortType[] = ['created', 'cancelled', 'overdue', 'usage', 'failed', 'paid', 'assigned', 'changed']

const parts = fc.record({
  minutes: fc.nat(12),
  type: fc.constantFrom(...TYPES),
  agreement: fc.constantFrom(...AGREEMENTS),
  plan: fc.constantFrom(undefined, 'basic', 'pro'),
  due: fc.constantFrom(undefined, '2026-04-01', '2026-05-01'),
  meter: fc.constantFrom(undefined, 'meter_1', '__proto__'),
  feature: fc.constantFrom(undefined, 'api_calls'),
  quantity: fc.constantFrom(undefined, 0, -0, 1.5, 1e21),
})

const snapshots = fc
  .record({
    minutes: fc.nat(12),
    complete: fc.boolean(),
    agreements: fc.dictionary(
      fc.constantFrom('agreement_a', 'agreement_b', 'constructor'),
      fc.record({
        planCode: fc.constantFrom(undefined, 'basic', 'pro'),
        expiresOn: fc.constantFrom(undefined, minute(3), minute(100)),
        features: fc.constantFrom(undefined, ['exports'], ['sso', 'exports']),
      }),
      { maxKeys: 2 },
    ),
  })
  .map(({ minutes, agreements, complete }): Happening => listed(minutes, agreements, complete))

/** Events with snapshots among them. */
const mixed = (maxLength: number): fc.Arbitrary<Happening[]> =>
  fc
    .tuple(history(maxLength), fc.array(snapshots, { maxLength: 6 }))
    .chain(([events, others]) => shuffled<Happening>([...events, ...others]))

/** Events with ids of their own, many of them at the same minute. */
const history = (maxLength: number): fc.Arbitrary<BillingEvent[]> =>
  fc
    .array(parts, { minLength: 1, maxLength, size: 'max' })
    .map((list) =>
      list.map(({ minutes, type, ...rest }, index) =>
        at(minutes, type, { id: `event_${(index * 7) % 101}_${index}`, ...rest }),
      ),
    )

const shuffled = <Item>(items: Item[]): fc.Arbitrary<Item[]> =>
  fc.shuffledSubarray(items, { minLength: items.length, maxLength: items.length })

/** A history and another order of it, in which some events come twice. */
const twice = <Item>(events: Item[]): fc.Arbitrary<Item[]> =>
  fc.subarray(events).chain((again) => shuffled([...events, ...again]))

const minutesOf = ({ occurredAt }: BillingEvent): number => (occurredAt.getTime() - START) / 60_000

const bytes = (state: BillingState | undefined): string => JSON.stringify(state)

const sameState = ([events, other]: [Happening[], Happening[]]): void => {
  expect(bytes(fold(other))).toBe(bytes(fold(events)))
}

const whole = (events: readonly Happening[]): BillingState => {
  const state = fold(events)
  if (state === undefined) throw new Error('an empty history')
  return state
}

describe('any order and any repetition of the same events', () => {
  it('gives the same state, to the byte', () => {
    const property = fc.property(
      mixed(30).chain((events) => fc.tuple(fc.constant(events), twice(events))),
      sameState,
    )
    fc.assert(property, { numRuns: 1000 })
  })

  it('gives the same state for more events than are remembered', () => {
    const property = fc.property(
      mixed(160).chain((events) => fc.tuple(fc.constant(events), twice(events))),
      sameState,
    )
    fc.assert(property, { numRuns: 150 })
  })

  it('gives the same state for more debts of one agreement than are remembered', () => {
    const debts = fc.array(fc.tuple(fc.nat(400_000), fc.constantFrom<ShortType>('failed', 'paid', 'overdue')), {
      minLength: 100,
      maxLength: 220,
      size: 'max',
    })
    const events = debts.map((list) =>
      list.map(([minutes, type], index) => at(minutes, type, { id: `event_${index}`, agreement: 'a' })),
    )
    const property = fc.property(
      events.chain((list) => fc.tuple(fc.constant(list), twice(list))),
      sameState,
    )
    fc.assert(property, { numRuns: 100 })
  })

  it('keeps the earliest receipt', () => {
    const receipts = fc.array(fc.option(fc.nat(50), { nil: undefined }), { minLength: 1, maxLength: 8 })
    const cancelled = at(1, 'cancelled', { agreement: 'a' })
    const property = fc.property(
      receipts.chain((list) => fc.tuple(fc.constant(list), twice(list))),
      (orders) => {
        const [one, other] = orders.map((list) =>
          list.reduce<BillingState | undefined>(
            (state, minutes) =>
              applyBillingEvent(state, cancelled, {
                receivedAt: minutes === undefined ? undefined : minute(minutes),
              }),
            undefined,
          ),
        )
        expect(bytes(other)).toBe(bytes(one))
      },
    )
    fc.assert(property, { numRuns: 300 })
  })

  it('gives the state of the events alone if attempts are signed again with a later time', () => {
    const withRenewals = history(30).chain((events) =>
      fc
        .array(fc.record({ event: fc.constantFrom(...events), afterMinutes: fc.integer({ min: 1, max: 12 }) }))
        .map((list) => list.map(({ event, afterMinutes }) => renewed(event, minutesOf(event) + afterMinutes)))
        .chain((again) => fc.tuple(fc.constant(events), shuffled([...events, ...again]))),
    )
    const property = fc.property(withRenewals, sameState)
    fc.assert(property, { numRuns: 500 })
  })

  it('gives the same state if one id comes with several contents at the same time', () => {
    const sameIds = fc
      .array(parts, { minLength: 1, maxLength: 12 })
      .map((list) =>
        list.map(({ minutes, type, ...rest }) => at(minutes % 2, type, { id: `event_${minutes % 3}`, ...rest })),
      )
    const property = fc.property(
      sameIds.chain((events) => fc.tuple(fc.constant(events), twice(events))),
      sameState,
    )
    fc.assert(property, { numRuns: 500 })
  })
})

describe('mergeStates', () => {
  const three = mixed(120).chain((events) =>
    fc.tuple(
      fc.subarray(events, { minLength: 1 }),
      fc.subarray(events, { minLength: 1 }),
      fc.subarray(events, { minLength: 1 }),
    ),
  )

  it('is commutative, associative and idempotent', () => {
    const property = fc.property(three, (histories) => {
      const [a, b, c] = histories.map(whole) as [BillingState, BillingState, BillingState]
      expect(bytes(mergeStates(a, b))).toBe(bytes(mergeStates(b, a)))
      expect(bytes(mergeStates(mergeStates(a, b), c))).toBe(bytes(mergeStates(a, mergeStates(b, c))))
      expect(bytes(mergeStates(a, a))).toBe(bytes(a))
      expect(bytes(mergeStates(mergeStates(a, b), b))).toBe(bytes(mergeStates(a, b)))
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('gives what one replica would know after the facts of both', () => {
    const property = fc.property(three, ([a, b]) => {
      expect(bytes(mergeStates(whole(a), whole(b)))).toBe(bytes(fold([...a, ...b])))
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('counts the earlier time of an event that the replicas saw at two times', () => {
    const failure = at(1, 'failed', { agreement: 'a' })
    const success = at(5, 'paid', { agreement: 'a' })
    const merged = mergeStates(whole([renewed(failure, 10), success]), whole([failure]))
    expect(bytes(merged)).toBe(bytes(fold([failure, success])))
  })
})

describe('the state', () => {
  it('is plain JSON: a round trip is the identity', () => {
    const property = fc.property(history(80), (events) => {
      const state = fold(events)
      expect(JSON.parse(bytes(state))).toStrictEqual(state)
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('goes on from a round trip as if there had been none', () => {
    const property = fc.property(mixed(80), (events) => {
      const stored = events.reduce<BillingState | undefined>(
        (state, event) => JSON.parse(bytes(addTo(state, event))),
        undefined,
      )
      expect(bytes(stored)).toBe(bytes(fold(events)))
    })
    fc.assert(property, { numRuns: 100 })
  })

  it('is not changed by what is applied to it, and is the same object if nothing is new', () => {
    const events = [at(0, 'created', { agreement: 'a', plan: 'pro' }), at(1, 'usage', { meter: 'm', quantity: 1 })]
    const state = whole(events)
    const before = bytes(state)
    applyBillingEvent(state, at(2, 'cancelled', { agreement: 'a' }))
    expect(bytes(state)).toBe(before)
    for (const event of [...events, ...events.map((known) => renewed(known, 9))])
      expect(applyBillingEvent(state, event)).toBe(state)
  })

  it('is copied only where an event changes it', () => {
    const before = whole(
      Array.from({ length: 400 }, (_, index) =>
        at(index, TYPES[index % TYPES.length] ?? 'paid', { id: `event_${index}`, agreement: `agreement_${index % 5}` }),
      ),
    )
    const after = applyBillingEvent(before, at(500, 'failed', { id: 'event_500', agreement: 'agreement_3' }))
    const changed = after.lists.filter((list, index) => list !== before.lists[index])
    expect(changed).toMatchObject([{ type: 'customer.payment_failed', agreement: 'agreement_3' }])
    expect(after.customer).toBe(before.customer)
  })

  it('knows since when a debt is owed, after 700 days with a failure each', () => {
    const failures = Array.from({ length: 700 }, (_, day) =>
      at(day * 24 * 60, 'failed', { agreement: 'a', id: `f${day}` }),
    )
    const state = whole([at(0, 'created', { agreement: 'a', id: 'c' }), ...failures])
    const since = summarize(state, { now: minute(701 * 24 * 60) }).agreements[0]?.pastDueSince
    expect(since).toEqual(minute(0))
    expect(state.lists.flatMap(({ facts }) => facts).length).toBeLessThan(80)
  })

  it('grows with agreements and meters, not with events', () => {
    const events = Array.from({ length: 3000 }, (_, index) =>
      at(index, TYPES[index % TYPES.length] ?? 'paid', {
        id: `event_${String(index).padStart(6, '0')}`,
        agreement: `agreement_${index % 3}`,
        plan: 'pro',
        due: '2026-04-01',
        meter: `meter_${index % 2}`,
        quantity: 1,
      }),
    )
    const state = whole(events)
    const facts = state.lists.reduce((sum, list) => sum + list.facts.length, 0)
    // of 3 agreements 48 failures, 3 x 16, 3 x 8, first months and latest names; 8 of each of 2 meters
    expect(facts).toBeLessThanOrEqual(3 * 140 + 2 * 9)
    expect(bytes(state).length).toBeLessThan(1.1 * bytes(whole(events.slice(0, 1500))).length)
  })

  it('forgets no agreement, however many events of others came after it', () => {
    const first = [
      at(0, 'created', { agreement: 'first', plan: 'pro', due: '2026-04-01' }),
      at(1, 'failed', { agreement: 'first' }),
      at(2, 'usage', { meter: 'first', quantity: 7 }),
    ]
    const others = Array.from({ length: 100 }, (_, index) => [
      at(10 + index, 'paid', { agreement: 'second' }),
      at(10 + index, 'usage', { meter: 'second', quantity: index }),
    ]).flat()
    const summary = summarize(fold([...first, ...others]), { now: LATER })
    expect(summary.agreements.find(({ id }) => id === 'first')).toMatchObject({
      access: 'past_due',
      plan: { code: 'pro' },
      createdAt: minute(0),
      pastDueSince: minute(1),
      nextInvoiceOn: new Date('2026-04-01'),
    })
    expect(summary.usage.map(({ meterId, quantity }) => [meterId, quantity])).toEqual([
      ['first', 7],
      ['second', 99],
    ])
  })

  it.each([0, 1, 3, '2', undefined])('is refused with version %j', (version) => {
    const state = { ...whole([at(0, 'created')]), version } as unknown as BillingState
    const words = /version .* rebuild the state/
    expect(() => applyBillingEvent(state, at(1, 'paid'))).toThrow(words)
    expect(() => mergeStates(whole([at(0, 'created')]), state)).toThrow(words)
    expect(() => summarize(state, { now: LATER })).toThrow(RangeError)
  })

  it('refuses an event without a date', () => {
    const event = { ...at(0, 'created'), occurredAt: new Date(Number.NaN) }
    expect(() => applyBillingEvent(undefined, event)).toThrow(TypeError)
  })
})

describe('the newest knowledge', () => {
  const arrivals = mixed(20)
  const noGrace = { cancellationGraceMs: 0 }

  it('gives access if it is a list with an agreement that has not expired', () => {
    const property = fc.property(arrivals, (happenings) => {
      const state = fold([...happenings, listed(20, { agreement_a: { expiresOn: minute(1000) } })])
      expect(summarize(state, { now: minute(30), policy: noGrace })).toMatchObject({ hasAccess: true })
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('gives no access if it is a complete list without an agreement', () => {
    const property = fc.property(arrivals, (happenings) => {
      const state = fold([...happenings, listed(20, {})])
      expect(summarize(state, { now: minute(20), policy: noGrace }).hasAccess).toBe(false)
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('is not undone by an older list', () => {
    const property = fc.property(arrivals, snapshots, fc.boolean(), (happenings, stale, isEnd) => {
      const end = isEnd ? [at(21, 'cancelled', { agreement: 'agreement_a' })] : []
      const history = [...happenings, at(20, 'created', { agreement: 'agreement_a' }), ...end]
      const accessOf = (known: Happening[]) =>
        summarize(fold(known), { now: minute(30), policy: noGrace }).agreements.find(({ id }) => id === 'agreement_a')
          ?.access
      expect(accessOf([...history, stale])).toBe(accessOf(history))
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('always has a reason, whose fact is one that is known', () => {
    const property = fc.property(arrivals, fc.nat(40), (happenings, minutes) => {
      const { reason, access } = summarize(fold(happenings), { now: minute(minutes) })
      expect(reason.text).not.toBe('')
      if (access === 'none') return
      const { fact } = reason
      const known = happenings.some((happening) =>
        'observedAt' in happening
          ? fact?.source === 'snapshot' && happening.observedAt.getTime() === fact.at.getTime()
          : fact?.source === 'event' && happening.id === fact.id && happening.type === fact.type,
      )
      expect(known).toBe(true)
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('is another without the fact that the reason names', () => {
    const property = fc.property(arrivals, fc.nat(40), (happenings, minutes) => {
      const look = (known: Happening[]) =>
        summarize(fold(known), { now: minute(minutes), policy: { pastDueGraceMs: 0 } })
      const { access, reason, agreements } = look(happenings)
      if (reason.fact === undefined) return
      const { fact } = reason
      const rest = happenings.filter((happening) =>
        'observedAt' in happening
          ? fact.source === 'event' || happening.observedAt.getTime() !== fact.at.getTime()
          : fact.source === 'snapshot' || happening.id !== fact.id,
      )
      const without = look(rest)
      expect({ access, reason, agreements }).not.toEqual({
        access: without.access,
        reason: without.reason,
        agreements: without.agreements,
      })
    })
    fc.assert(property, { numRuns: 500 })
  })
})
