import { at, DAY, fold, type Happening, LATER, listed } from '@kinde-billing/test-support/billing-events'
import { describe, expect, it, vi } from 'vitest'
import { definePlans, type PlanWarning, summarize } from './index.js'

const CATALOGUE = {
  free: { features: ['projects'], limits: { seats: 1 } },
  pro: { features: ['projects', 'exports'], limits: { seats: 10, calls: Number.POSITIVE_INFINITY } },
  seats: { limits: { seats: 50 } },
} as const

function setUp() {
  const warnings: PlanWarning[] = []
  return { warnings, plans: definePlans(CATALOGUE, { onWarning: (warning) => warnings.push(warning) }) }
}

const has = (...history: Happening[]) => summarize(fold(history), { now: LATER, policy: { pastDueGraceMs: 0 } })
const on = (plan: string | undefined, agreement = 'A') => at(0, 'created', { agreement, plan })

describe('definePlans', () => {
  it('gives the features and limits of the plan', () => {
    const { plans, warnings } = setUp()
    const summary = has(on('pro'))
    expect([plans.can(summary, 'exports'), plans.limit(summary, 'seats'), plans.limit(summary, 'calls')]).toEqual([
      true,
      10,
      Number.POSITIVE_INFINITY,
    ])
    expect(plans.can(has(on('free')), 'exports')).toBe(false)
    expect(plans.limit(has(on('free')), 'calls')).toBe(0)
    expect(warnings).toEqual([])
  })

  it('gives all features and the highest limit of several agreements', () => {
    const { plans } = setUp()
    const summary = has(on('free'), on('pro', 'B'), on('seats', 'C'))
    expect(plans.features(summary)).toEqual(['exports', 'projects'])
    expect(plans.limit(summary, 'seats')).toBe(50)
  })

  it('gives nothing by agreements without access', () => {
    const { plans } = setUp()
    const suspended = has(on('pro'), at(1, 'failed', { agreement: 'A' }))
    expect([plans.can(suspended, 'exports'), plans.limit(suspended, 'seats')]).toEqual([false, 0])
    const downgraded = has(
      on('pro'),
      at(DAY, 'created', { agreement: 'B', plan: 'free' }),
      at(DAY, 'cancelled', { agreement: 'A' }),
    )
    expect(plans.features(downgraded)).toEqual(['projects'])
    expect(plans.features(has())).toEqual([])
  })

  it.each(['max', '__proto__', 'constructor', undefined])(
    'gives nothing by the unknown plan %s, and warns once',
    (plan) => {
      const { plans, warnings } = setUp()
      const summary = has(on(plan))
      for (const _ of [1, 2]) expect(plans.features(summary)).toEqual([])
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toMatchObject({ code: 'unknown_plan' })
      expect(warnings[0]?.message).toContain('Known codes: free, pro, seats.')
    },
  )

  it('warns once if Kinde lists other features, and names both', () => {
    const { plans, warnings } = setUp()
    const features = ['projects', 'support']
    const summary = has(listed(0, { A: { planCode: 'pro', features } }))
    for (const _ of [1, 2]) expect(plans.can(summary, 'exports')).toBe(true)
    expect(warnings).toEqual([
      {
        code: 'features_differ',
        message:
          'The plan "pro" has the features [exports, projects] in definePlans, but [projects, support] in Kinde. definePlans decides. Change one of the two.',
      },
    ])
    expect(plans.can(has(listed(0, { A: { planCode: 'pro', features: ['exports', 'projects'] } })), 'exports')).toBe(
      true,
    )
    expect(warnings).toHaveLength(1)
  })

  it('warns on the console by default', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    definePlans(CATALOGUE).can(has(on('max')), 'exports')
    expect(warn).toHaveBeenCalledTimes(1)
    warn.mockRestore()
  })

  it.each([
    {
      plan: { features: 'exports-admin' },
      message: /^definePlans: pro\.features is "exports-admin": set it to a list/,
    },
    { plan: { features: [1] }, message: /^definePlans: pro\.features is an array: set it to a list/ },
    { plan: { limits: null }, message: /^definePlans: pro\.limits is null: set it to an object/ },
  ])('refuses a plan that would grant something else than it says: $message', ({ plan, message }) => {
    expect(() => definePlans({ pro: plan as object })).toThrow(message)
  })

  it('refuses a limit that is not a number', () => {
    const limits = { seats: '10' as unknown as number }
    expect(() => definePlans({ pro: { limits } })).toThrow('definePlans: pro.limits.seats is "10"')
  })
})
