import type { BillingEvent } from '@kinde-billing/core'
import { at, fold, LATER, minute, permutations } from '@kinde-billing/test-support/billing-events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { summarize } from './index.js'

const now = LATER
const signUp = at(0, 'created', { agreement: 'old', plan: 'basic' })

/** The events of one upgrade from `basic` to `pro` at minute 10. */
const created = at(10, 'created', { agreement: 'new', plan: 'pro' })
const cancellations = {
  'cancelled before, by its time': at(9.9, 'cancelled', { agreement: 'old', plan: 'basic' }),
  'cancelled at the same time': at(10, 'cancelled', { agreement: 'old', plan: 'basic' }),
  'cancelled after, by its time': at(10.1, 'cancelled', { agreement: 'old', plan: 'basic' }),
  'cancelled without its plan': at(10.1, 'cancelled', { agreement: 'old' }),
}
const planChanges: Record<string, BillingEvent[]> = {
  'no plan_changed': [],
  'plan_changed of the new agreement': [at(10, 'changed', { agreement: 'new', plan: 'pro' })],
  'plan_changed of the old agreement': [at(10, 'changed', { agreement: 'old', plan: 'pro' })],
  'plan_changed without an agreement': [at(10, 'changed', { plan: 'pro' })],
  'plan_changed without anything': [at(10, 'changed')],
  'plan_changed before the rest': [at(9, 'changed', { plan: 'pro' })],
  'plan_changed after the rest': [at(11, 'changed', { agreement: 'new', plan: 'pro' })],
}

const knowsNew = (events: BillingEvent[]): boolean => events.some(({ agreement }) => agreement.id === 'new')

describe.each(Object.entries(planChanges))('an upgrade with %s', (_, planChanged) => {
  it.each(Object.entries(cancellations))('and the old agreement %s', (_name, cancelled) => {
    for (const upgrade of permutations([created, cancelled, ...planChanged]))
      for (const events of [
        [signUp, ...upgrade],
        [...upgrade, signUp],
      ]) {
        for (let length = 1; length <= events.length; length++) {
          const prefix = events.slice(0, length)
          if (knowsNew(prefix)) expect(summarize(fold(prefix), { now }).access).toBe('active')
        }
        const { access, plan, agreements } = summarize(fold(events), { now })
        expect({ access, plan: plan?.code }).toEqual({ access: 'active', plan: 'pro' })
        expect(agreements.filter((agreement) => agreement.access === 'active').map(({ id }) => id)).toContain('new')
      }
  })
})

describe('a plan change', () => {
  const cancelled = cancellations['cancelled after, by its time']

  it('waits for the new agreement where the cancellation comes alone, for as long as the policy says', () => {
    const state = fold([signUp, cancelled])
    const access = (minutes: number, cancellationGraceMs?: number) =>
      summarize(state, { now: minute(minutes), policy: { cancellationGraceMs } }).access
    expect(access(25)).toBe('active')
    expect(access(25.1)).toBe('cancelled')
    expect(access(10.1, 0)).toBe('cancelled')
    expect(access(9, 0)).toBe('cancelled')
    expect(access(70, 3_600_000)).toBe('active')
    expect(summarize(state, { now, policy: { cancellationGraceMs: Number.POSITIVE_INFINITY } }).access).toBe('active')
    expect(summarize(state, { now: minute(11) }).reviewAt).toEqual(minute(25.1))
  })

  it('leaves nothing to wait for once the new agreement is known: a card declined right after it is past due', () => {
    const declined = at(11, 'failed', { agreement: 'new' })
    for (const events of permutations([signUp, created, cancelled, declined])) {
      const { access, agreements } = summarize(fold(events), { now: minute(12) })
      expect(access).toBe('past_due')
      expect(agreements.find(({ id }) => id === 'old')?.access).toBe('cancelled')
    }
  })

  it('is seen where only plan_changed tells of it', () => {
    for (const planChanged of Object.values(planChanges).flat()) {
      if (!('plan' in planChanged) || planChanged.plan.code === undefined) continue
      for (const events of permutations([signUp, planChanged]))
        expect(summarize(fold(events), { now }).plan?.code).toBe('pro')
    }
  })

  it('shows the new plan while the old agreement is not yet cancelled', () => {
    expect(summarize(fold([signUp, created]), { now }).plan?.code).toBe('pro')
  })

  it('shows the new plan while the old agreement waits', () => {
    expect(summarize(fold([signUp, cancelled, created]), { now: minute(10.2) }).plan?.code).toBe('pro')
  })

  it('can be followed by others, in any order of all events', () => {
    const events = [0, 1, 2, 3].flatMap((step) => [
      at(step * 60, 'created', { agreement: `agreement_${step}`, plan: `plan_${step}` }),
      at(step * 60 + 0.1, 'cancelled', { agreement: `agreement_${step - 1}`, plan: `plan_${step - 1}` }),
      at(step * 60, 'changed', { plan: `plan_${step}` }),
    ])
    const property = fc.property(
      fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length }),
      (order) => {
        const { access, plan } = summarize(fold(order), { now })
        expect([access, plan?.code]).toEqual(['active', 'plan_3'])
      },
    )
    fc.assert(property, { numRuns: 100 })
  })

  it('does not keep a customer in who cancels the new agreement a minute later', () => {
    for (const planChanged of Object.values(planChanges)) {
      const end = at(11.5, 'cancelled', { agreement: 'new', plan: 'pro' })
      for (const events of permutations([signUp, created, cancelled, end, ...planChanged]))
        expect(summarize(fold(events), { now }).access).toBe('cancelled')
    }
  })
})

describe('a late event', () => {
  it('does not touch the new agreement if it cancels an old one', () => {
    const events = [signUp, created, at(500, 'cancelled', { agreement: 'old' })]
    expect(summarize(fold(events), { now })).toMatchObject({ access: 'active', plan: { code: 'pro' } })
  })

  it('does not undo a newer success with a failed payment', () => {
    const failed = at(1, 'failed', { agreement: 'old' })
    const paid = at(2, 'paid', { agreement: 'old' })
    for (const events of permutations([signUp, failed, paid]))
      expect(summarize(fold(events), { now })).toMatchObject({
        access: 'active',
        agreements: [{ pastDueSince: undefined }],
      })
  })

  it('does not revive an agreement after its cancellation by creating it', () => {
    expect(summarize(fold([at(5, 'cancelled', { agreement: 'old' }), signUp]), { now }).access).toBe('cancelled')
  })

  it('revives an agreement by creating it again', () => {
    const again = at(6, 'created', { agreement: 'old' })
    expect(summarize(fold([again, signUp, at(5, 'cancelled', { agreement: 'old' })]), { now }).access).toBe('active')
  })

  it.each(['paid', 'failed', 'overdue', 'assigned', 'changed', 'usage'] as const)(
    'does not revive a cancelled agreement with the type %s',
    (type) => {
      const events = [signUp, at(5, 'cancelled', { agreement: 'old' }), at(6, type, { agreement: 'old', plan: 'pro' })]
      expect(summarize(fold(events), { now }).access).toBe('cancelled')
    },
  )
})
