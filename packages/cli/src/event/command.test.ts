import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kindeBilling } from '../../test/recording-terminal.js'

let kinde: TestManagementApi
beforeAll(async () => {
  const data = { customer_id: 'customer_1', plan: { code: 'pro' }, note: 'a\u202eb' }
  kinde = await startTestManagementApi({
    events: [
      { event_id: 'event_1', type: 'customer.plan_changed', timestamp: 1714585305592, source: 'admin', data },
      { event_id: 'event_2', type: 'customer.plan_changed', timestamp: '2024-05-01T17:41:45+10:00', data },
      { event_id: 'event_3', type: 'user.created', timestamp: 'soon', data: {} },
    ],
  })
})
afterAll(() => kinde.close())

const event = (...args: string[]) => kindeBilling(['event', ...args], { env: kinde.env })

it.each([
  ['event_1', '2024-05-01T17:41:45.592Z'],
  ['event_2', '2024-05-01T07:41:45.000Z'],
])('shows %s as decoded', async (id, timestamp) => {
  const { code, out } = await event(id)
  expect(code).toBe(0)
  for (const text of ['customer.plan_changed', id, timestamp, 'customer_1', 'plan.code', 'pro'])
    expect(out).toContain(text)
  expect(out).not.toContain('\u202e')
})

it('shows an event of another type', async () => {
  const { code, out } = await event('event_3')
  expect(code).toBe(0)
  expect(out).toContain('Not a billing event')
})

it('prints JSON with the claims', async () => {
  const { out } = await event('event_1', '--json')
  expect(JSON.parse(out)).toMatchObject({ claims: { event_id: 'event_1' }, decoded: { plan: { code: 'pro' } } })
})

it('exits with 1 for an event that Kinde does not have', async () => {
  expect(await event('event_9')).toMatchObject({ code: 1, err: expect.stringContaining('not_found') })
})
