import type { BillingEvent } from '@kinde-billing/core'
import { at, DAY, fold, minute, type ShortType } from '@kinde-billing/test-support/billing-events'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { type AccessPolicy, summarize } from './index.js'

// What a customer does, and what Kinde then sends, told by a model that knows nothing of how events are read. Agreement ids
// and plans are present or absent by event type or by chance. A day after each step, who has an agreement has access, and
// who has left has not.

type Step = 'upgrade' | 'cancel' | 'pay' | 'fail' | 'use'

interface Sent {
  readonly day: number
  readonly second: number
  readonly type: ShortType
  readonly agreement: string
  readonly plan: string
}

interface Moment {
  readonly day: number
  readonly isCustomer: boolean
  /** Whether the last payment for the agreement failed. */
  readonly owes: boolean
}

const RUNS = Number(process.env.STORY_RUNS ?? 500)
const PLANS = ['basic', 'pro', 'max']
const EVERY: readonly ShortType[] = [
  'created',
  'cancelled',
  'overdue',
  'usage',
  'failed',
  'paid',
  'assigned',
  'changed',
]

const story = fc.record({
  steps: fc.array(fc.constantFrom<Step>('upgrade', 'cancel', 'pay', 'fail', 'use'), { minLength: 1, maxLength: 8 }),
  extra: fc.subarray<ShortType>(['assigned', 'changed', 'paid']),
  seconds: fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 40, maxLength: 40 }),
})

/** Signs up on day 0; each step is ten days after the one before. After a cancellation the next step signs up again. */
function tell({ steps, extra, seconds }: { steps: Step[]; extra: ShortType[]; seconds: number[] }) {
  const sent: Sent[] = []
  const moments: Moment[] = []
  let count = 0
  let agreement: string | undefined
  let plan = ''
  let owes = false
  let offset = 0
  const send = (day: number, type: ShortType, id = agreement ?? '', on = plan) =>
    sent.push({ day, type, agreement: id, plan: on, second: seconds[offset++ % seconds.length] ?? 0 })

  const begin = (day: number) => {
    const old = agreement && { id: agreement, plan }
    agreement = `agreement_${count}`
    plan = PLANS[count % PLANS.length] ?? ''
    count += 1
    owes = false
    send(day, 'created')
    if (old) send(day, 'cancelled', old.id, old.plan)
    for (const type of extra) if (type !== 'changed' || old) send(day, type)
  }
  begin(0)
  moments.push({ day: 1, isCustomer: true, owes })
  for (const [index, step] of steps.entries()) {
    const day = (index + 1) * 10
    if (agreement === undefined || step === 'upgrade') begin(day)
    else if (step === 'cancel') {
      send(day, 'cancelled')
      agreement = undefined
    } else {
      send(day, step === 'pay' ? 'paid' : step === 'fail' ? 'failed' : 'usage')
      if (step !== 'use') owes = step === 'fail'
    }
    moments.push({ day: day + 1, isCustomer: agreement !== undefined, owes })
  }
  return { sent, moments }
}

function decode({ day, second, type, agreement, plan }: Sent, hasId: boolean, hasPlan: boolean): BillingEvent {
  return at(day * DAY + second / 60, type, {
    ...(hasId && { agreement }),
    ...(hasPlan && { plan }),
    ...(type === 'usage' && { meter: 'm', quantity: 1 }),
  })
}

const byTime = (a: BillingEvent, b: BillingEvent): number => a.occurredAt.getTime() - b.occurredAt.getTime()

function expectTruth(events: BillingEvent[], moments: readonly Moment[]): void {
  const sorted = [...events].sort(byTime)
  const expectAccess = (known: BillingEvent[], now: Date, expected: boolean, policy?: AccessPolicy) => {
    const { hasAccess, reason } = summarize(fold(known), { now, policy })
    if (hasAccess !== expected) throw new Error(`${reason.text}\n${known.map(describeEvent).join('\n')}`)
  }
  for (const [index, { day, isCustomer, owes }] of moments.entries()) {
    const known = sorted.filter(({ occurredAt }) => occurredAt < minute(day * DAY))
    expectAccess(known, minute(day * DAY), isCustomer)
    expectAccess(known, minute(day * DAY), isCustomer && !owes, { pastDueGraceMs: 0 })
    // no customer is locked out between the events of one step, in whatever order they arrive
    if (!isCustomer || !(index === 0 || moments[index - 1]?.isCustomer)) continue
    const before = events.filter(({ occurredAt }) => occurredAt < minute((day - 2) * DAY))
    const step = events.filter((event) => !before.includes(event) && known.includes(event))
    for (const order of [step, [...step].reverse(), [...step].sort(byTime)])
      for (let length = 1; length <= order.length; length++) {
        const prefix = [...before, ...order.slice(0, length)]
        const shows = prefix.some(({ type }) => type !== 'customer.agreement_cancelled')
        if (shows) expectAccess(prefix, minute((day - 1) * DAY + 1), true)
      }
  }
}

function describeEvent(event: BillingEvent): string {
  const plan = 'plan' in event ? event.plan.code : undefined
  return [event.occurredAt.toISOString(), event.type, event.agreement.id ?? '-', plan ?? '-'].join(' ')
}

describe('a day after each step, access is the truth', () => {
  it('holds whichever types of events carry ids and plans', () => {
    const property = fc.property(story, fc.subarray([...EVERY]), fc.subarray([...EVERY]), (told, withId, withPlan) => {
      const { sent, moments } = tell(told)
      expectTruth(
        sent.map((event) => decode(event, withId.includes(event.type), withPlan.includes(event.type))),
        moments,
      )
    })
    fc.assert(property, { numRuns: RUNS })
  })

  it('holds if ids and plans are missing by chance', () => {
    const chance = fc.array(fc.boolean(), { minLength: 80, maxLength: 80 })
    const property = fc.property(story, chance, (told, coins) => {
      const { sent, moments } = tell(told)
      expectTruth(
        sent.map((event, index) => decode(event, coins[2 * index] ?? true, coins[2 * index + 1] ?? true)),
        moments,
      )
    })
    fc.assert(property, { numRuns: RUNS })
  })

  it('holds with an add-on beside the plan, if creations and cancellations both carry ids or plans', () => {
    const steps = fc.uniqueArray(fc.constantFrom('begin addon', 'end addon', 'end plan'), {
      minLength: 1,
      maxLength: 3,
    })
    const dialect = fc.constantFrom(
      { hasId: true, hasPlan: true },
      { hasId: true, hasPlan: false },
      { hasId: false, hasPlan: true },
    )
    const property = fc.property(steps, dialect, fc.boolean(), (order, { hasId, hasPlan }, assigns) => {
      const live = new Set(['plan'])
      const sent: Sent[] = [{ day: 0, second: 0, type: 'created', agreement: 'plan', plan: 'plan' }]
      const moments: Moment[] = [{ day: 1, isCustomer: true, owes: false }]
      for (const [index, step] of order.entries()) {
        const day = (index + 1) * 10
        const [verb, name] = step === 'end plan' ? ['end', 'plan'] : [step.split(' ')[0], 'addon']
        if (verb === 'end' && !live.has(name)) continue
        const event = { day, second: 0, agreement: name, plan: name }
        sent.push({ ...event, type: verb === 'begin' ? 'created' : 'cancelled' })
        if (assigns && verb === 'begin') sent.push({ ...event, second: 1, type: 'assigned' })
        if (verb === 'begin') live.add(name)
        else live.delete(name)
        moments.push({ day: day + 1, isCustomer: live.size > 0, owes: false })
      }
      expectTruth(
        sent.map((event) => decode(event, hasId, hasPlan)),
        moments,
      )
    })
    fc.assert(property, { numRuns: 200 })
  })
})
