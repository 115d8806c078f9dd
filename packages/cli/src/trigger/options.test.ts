import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeBillingEvent } from '@kinde-billing/core'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.js'
import { createDevelopmentKey } from '../issuer/development-key.js'
import { parseOrder, selectEvents } from './options.js'
import { planDeliveries } from './plan.js'
import { SCENARIO_NAMES } from './scenarios.js'

const decode = async (...args: Parameters<typeof selectEvents>) =>
  (await selectEvents(...args)).map((events) => events.map((claims) => decodeBillingEvent(claims)))

describe('scenarios', () => {
  it.each(SCENARIO_NAMES)('%s: one customer, an agreement per plan, in the order of time', async (scenario) => {
    for (const dialect of ['mixed', 'flat', 'nested'] as const) {
      const [events = []] = await decode(undefined, { scenario, dialect }, '.')
      expect(new Set(events.map(({ customer }) => customer.id)).size).toBe(1)
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
      const times = events.map(({ timestamp }) => timestamp.getTime())
      expect(times).toStrictEqual(times.toSorted((a, b) => a - b))
      expect(Math.abs(Date.now() - (times.at(-1) ?? 0))).toBeLessThan(60_000)
    }
  })

  it('build on each other across runs: an upgrade cancels the agreement of the sign-up', async () => {
    const [signUp = []] = await decode(undefined, { scenario: 'sign-up', customer: 'org_acme' }, '.')
    const [upgrade = []] = await decode(undefined, { scenario: 'upgrade', customer: 'org_acme' }, '.')
    const cancelled = upgrade.find(({ type }) => type === 'customer.agreement_cancelled')
    const created = upgrade.find(({ type }) => type === 'customer.agreement_created')
    expect(cancelled?.agreement.id).toBe(signUp[0]?.agreement.id)
    expect(created?.agreement.id).not.toBe(cancelled?.agreement.id)
    expect(signUp[0]?.customer).toMatchObject({ kind: 'organization', orgCode: 'org_acme' })
  })

  it('follow --plan, --at and --count', async () => {
    const at = new Date('2026-05-01T00:00:00Z')
    const rounds = await decode(undefined, { scenario: 'upgrade', plan: 'gold', at, count: 3 }, '.')
    expect(new Set(rounds.map(([first]) => first?.customer.id)).size).toBe(3)
    expect(rounds[0]?.[0]?.timestamp.toISOString()).toMatch(/^2026-05-01T00:00:00/)
    expect(rounds[0]?.find(({ type }) => type === 'customer.plan_changed')).toMatchObject({ plan: { code: 'gold' } })
  })
})

describe('saved claims', () => {
  it('are renewed: event_id and timestamps change, data does not', async () => {
    const cwd = await temporaryFolder()
    const claims = {
      type: 'user.created',
      event_id: 'event_old',
      timestamp: '2023-01-01T00:00:00Z',
      data: { user: { id: 'kp_1' } },
    }
    await writeFile(join(cwd, 'claims.json'), JSON.stringify([claims, claims]))
    const [events = []] = await selectEvents(undefined, { claims: 'claims.json' }, cwd)
    expect(events).toHaveLength(2)
    expect(events[0]).toMatchObject({ type: 'user.created', data: claims.data })
    expect(events[0]?.event_id).not.toBe('event_old')
    expect(Date.now() - Date.parse(String(events[1]?.['timestamp']))).toBeLessThan(60_000)
  })

  it.each([
    ['"text"', 'is not a JSON object, nor a list'],
    ['{"data":{}}', 'The claims have no type'],
  ])('refuses %s', async (text, message) => {
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, 'claims.json'), text)
    await expect(selectEvents(undefined, { claims: 'claims.json' }, cwd)).rejects.toThrow(message)
  })
})

describe('selectEvents', () => {
  it.each([
    [undefined, {}],
    ['all', { scenario: 'cancel' }],
    [undefined, { scenario: 'cancel', claims: 'x.json' }],
  ] as const)('wants exactly one selection: %s, %o', async (type, options) => {
    await expect(selectEvents(type, options, '.')).rejects.toThrow('Pass one of: an event type, all, --scenario')
  })
})

describe('--order', () => {
  const key = createDevelopmentKey()
  const types = async (order: string) => {
    const rounds = await selectEvents(undefined, { scenario: 'sign-up' }, '.')
    return planDeliveries(rounds, { duplicates: 0, order: parseOrder(order) }, key).map(({ type }) =>
      type.slice('customer.'.length),
    )
  }

  it('is forward, reverse, or positions, which may repeat', async () => {
    expect(await types('forward')).toStrictEqual(['agreement_created', 'plan_assigned', 'payment_succeeded'])
    expect(await types('reverse')).toStrictEqual(['payment_succeeded', 'plan_assigned', 'agreement_created'])
    expect(await types('3,1,1')).toStrictEqual(['payment_succeeded', 'agreement_created', 'agreement_created'])
    expect((await types('random')).toSorted()).toStrictEqual((await types('forward')).toSorted())
  })

  it('refuses positions that do not exist', async () => {
    await expect(types('4')).rejects.toThrow('--order names position 4, but there are 3 events.')
    expect(() => parseOrder('sideways')).toThrow('Pass forward, reverse, random, or positions')
  })
})
