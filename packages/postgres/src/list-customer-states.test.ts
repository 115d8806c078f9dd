import { PGlite } from '@electric-sql/pglite'
import { updateBillingState } from '@kinde-billing/state'
import { at, type EventParts, fold, type ShortType } from '@kinde-billing/test-support/billing-events'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { countCustomerStates, createPostgresStateStore, ensureStateSchema, listCustomerStates } from './index.js'

const pglite = new PGlite()
beforeAll(() => ensureStateSchema(pglite))
beforeEach(async () => {
  await pglite.query('truncate kinde_billing_states')
})
afterAll(() => pglite.close())

const store = createPostgresStateStore({ pool: pglite })

async function keep(name: string, types: readonly ShortType[], parts: EventParts = {}, minute = 0): Promise<void> {
  const events = types.map((type, index) => at(minute + index, type, { agreement: 'a', customer: name, ...parts }))
  const state = fold(events)
  if (state === undefined) throw new Error('no events')
  await updateBillingState({ store, key: `customer:${name}`, cause: 'sync' }, () => state)
}

const keys = async (options?: Parameters<typeof listCustomerStates>[1]) =>
  (await listCustomerStates(pglite, options)).customers.map(({ key }) => key.slice(9))

describe('listCustomerStates', () => {
  it('lists the newest first, and finds any name, without wildcards', async () => {
    await keep('customer_1', ['created'], { org: 'org_Blue', plan: 'pro' }, 1)
    await keep('customer_2', ['created', 'failed'], { user: 'kp_100%', plan: 'start_er' }, 5)
    expect(await keys()).toEqual(['customer_2', 'customer_1'])
    expect(await keys({ search: 'ORG_bl' })).toEqual(['customer_1'])
    expect(await keys({ search: '0%' })).toEqual(['customer_2'])
    expect(await keys({ search: 'start_' })).toEqual(['customer_2'])
    expect(await keys({ search: 'customer_1%' })).toEqual([])
    expect(await keys({ search: 'customer:' })).toEqual([])
    expect(await keys({ search: '\0 \ud800' })).toHaveLength(2)
    expect(await keys({ access: 'past_due' })).toEqual(['customer_2'])
    expect((await listCustomerStates(pglite, { access: 'active' })).customers).toMatchObject([
      { customerId: 'customer_1', orgCode: 'org_Blue', planCode: 'pro', access: 'active', changedAt: expect.any(Date) },
    ])
  })

  it('visits every customer once, page by page, also those of the same moment and without an event', async () => {
    for (let index = 0; index < 7; index += 1) await keep(`customer_${index}`, ['created'], {}, index < 4 ? 3 : 9)
    await pglite.query(`update kinde_billing_states set changed_at = null where key like '%6'`)
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await listCustomerStates(pglite, { limit: 2, after })
      seen.push(...page.customers.map(({ key }) => key.at(-1) ?? ''))
      after = page.next
    } while (after !== undefined)
    expect(seen).toEqual(['5', '4', '3', '2', '1', '0', '6'])
  })

  it('counts by access, and refuses what is no page, access or option', async () => {
    await keep('customer_1', ['created'])
    await keep('customer_2', ['created', 'failed'])
    await keep('customer_3', ['created', 'failed'])
    expect(await countCustomerStates(pglite)).toEqual({
      active: 1,
      past_due: 2,
      suspended: 0,
      cancelled: 0,
      none: 0,
      total: 3,
    })
    expect(await countCustomerStates(pglite, { search: '_3' })).toMatchObject({ past_due: 1, total: 1 })
    const wrong = { code: 'invalid_configuration' }
    await expect(listCustomerStates(pglite, { after: 'W10' })).rejects.toMatchObject(wrong)
    await expect(listCustomerStates(pglite, { limit: 0 })).rejects.toMatchObject(wrong)
    await expect(listCustomerStates(pglite, Object({ access: 'paid' }))).rejects.toMatchObject(wrong)
    await expect(listCustomerStates(pglite, Object({ serach: 'x' }))).rejects.toThrow('did you mean "search"')
  })
})
