import { decodeBillingEvent } from '@kinde-billing/core'
import { startTestManagementApi, type TestManagementApiOptions } from '@kinde-billing/testing/management'
import { afterEach, expect, it } from 'vitest'
import { createManagementClient } from './index.js'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function start(options: TestManagementApiOptions) {
  const kinde = await startTestManagementApi(options)
  closers.push(kinde.close)
  return { kinde, client: createManagementClient(kinde.credentials) }
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

it('reads agreements to the last page, with dates that have a two-digit offset', async () => {
  const { kinde, client } = await start({
    maxPageSize: 1,
    agreements: {
      customer_1: [
        {
          id: 'a1',
          plan_code: 'pro',
          expires_on: '2024-11-18T13:32:03+11',
          current_period_end: '2026-09-06T12:53:57Z',
        },
        { id: 'a2', expires_on: null, billing_group_id: 'sbg_1', entitlements: [{ feature_code: 'exports' }] },
        { id: 'a3', entitlements: [] },
      ],
    },
  })
  const agreements = await client.agreements('customer_1')
  expect(agreements.map(({ id }) => id)).toEqual(['a1', 'a2', 'a3'])
  expect(agreements[0]).toMatchObject({
    planCode: 'pro',
    expiresOn: new Date('2024-11-18T02:32:03Z'),
    periodEndsOn: new Date('2026-09-06T12:53:57Z'),
    features: undefined,
  })
  expect(agreements[1]).toMatchObject({ expiresOn: undefined, billingGroupId: 'sbg_1', features: ['exports'] })
  expect(agreements[2]).toMatchObject({ planCode: undefined, features: [] })
  expect(kinde.requests).toHaveLength(3)
})

it('reads members of other types as absent', async () => {
  const { kinde, client } = await start({})
  kinde.failNext(
    {
      body: {
        has_more: false,
        agreements: [{ id: 'a1', plan_code: 7, expires_on: 12, entitlements: 'all', extra: true }],
      },
    },
    { on: 'GET' },
  )
  await expect(client.agreements('customer_1')).resolves.toEqual([
    {
      id: 'a1',
      planCode: undefined,
      expiresOn: undefined,
      periodStartsOn: undefined,
      periodEndsOn: undefined,
      billingGroupId: undefined,
      features: undefined,
    },
  ])
})

it('refuses a list that does not end', async () => {
  const { kinde, client } = await start({})
  kinde.failNext({ body: { has_more: true, agreements: [{ id: 'a1' }] } }, { on: 'GET', times: 1000 })
  await expect(client.agreements('customer_1')).rejects.toMatchObject({ code: 'invalid_response' })
  expect(kinde.requests).toHaveLength(2)
  kinde.clearFaults()
  kinde.failNext({ body: { users: [], next_token: 'again' } }, { on: 'GET', times: 1000 })
  await expect(collect(client.customers())).rejects.toMatchObject({ code: 'invalid_response' })
})

it('refuses a list of which a later page fails', async () => {
  const agreements = { customer_1: [{ id: 'a1' }, { id: 'a2' }] }
  const { kinde, client } = await start({ maxPageSize: 1, agreements })
  kinde.failNext({ body: { agreements: [] } }, { on: 'GET', after: 1 })
  await expect(client.agreements('customer_1')).rejects.toMatchObject({ code: 'invalid_response' })
})

it('reads entitlements and plans, with floats for integers', async () => {
  const { client } = await start({
    maxPageSize: 1,
    entitlements: {
      customer_1: [
        { id: 'e1', feature_code: 'seats', entitlement_limit_max: 2147483647.0, unit_amount: 1250 },
        { id: 'e2', feature_code: 'exports', fixed_charge: 35.0 },
      ],
    },
    plans: { customer_1: [{ code: 'pro', subscribed_on: '2024-11-18T13:32:03+11' }] },
  })
  const { entitlements, plans } = await client.entitlements('customer_1')
  expect(entitlements).toMatchObject([
    { featureCode: 'seats', limitMax: 2147483647, unitAmount: 1250 },
    { featureCode: 'exports', fixedCharge: 35 },
  ])
  expect(plans).toEqual([{ code: 'pro', name: undefined, subscribedOn: new Date('2024-11-18T02:32:03Z') }])
})

it.each([
  [1714585305592, '2024-05-01T17:41:45.592Z'],
  [1714585305, '2024-05-01T17:41:45.000Z'],
  ['1714585305', '2024-05-01T17:41:45.000Z'],
  ['2024-05-01T17:41:45.592145+10:00', '2024-05-01T07:41:45.592Z'],
])('reads an event back, whose timestamp is %s', async (timestamp, expected) => {
  const event = { type: 'customer.plan_changed', event_id: 'event_1', timestamp, data: { customer_id: 'customer_1' } }
  const { client } = await start({ events: [event] })
  const read = await client.event('event_1')
  expect(read.timestamp?.toISOString()).toBe(expected)
  expect(decodeBillingEvent(read.claims)).toMatchObject({ id: 'event_1', customer: { id: 'customer_1' } })
})

const PEOPLE = {
  users: [
    { id: 'kp_1', billing: { customer_id: 'customer_1' } },
    { id: 'kp_2' },
    { id: 'kp_3', billing: { customer_id: 'customer_3' } },
    { id: 'kp_4', billing: {} },
  ],
  organizations: [
    { code: 'org_1', billing: { billing_customer_id: 'customer_5' } },
    { code: 'org_2' },
    { code: 'org_3', billing: { billing_customer_id: 'customer_6' } },
  ],
}

it('reads the customers of users and of organizations, whose keys differ', async () => {
  const { client } = await start({ ...PEOPLE, maxPageSize: 2 })
  const customers = await collect(client.customers())
  expect(customers.map(({ position: _, ...customer }) => customer)).toEqual([
    { customerId: 'customer_1', kind: 'user', userId: 'kp_1' },
    { customerId: 'customer_3', kind: 'user', userId: 'kp_3' },
    { customerId: 'customer_5', kind: 'organization', orgCode: 'org_1' },
    { customerId: 'customer_6', kind: 'organization', orgCode: 'org_3' },
  ])
})

it('continues after any customer', async () => {
  const { client } = await start({ ...PEOPLE, maxPageSize: 2 })
  const customers = await collect(client.customers())
  for (const [index, { position }] of customers.entries())
    expect(await collect(client.customers({ from: position }))).toEqual(customers.slice(index + 1))
  await expect(collect(client.customers({ from: 'elsewhere' }))).rejects.toMatchObject({
    code: 'invalid_configuration',
  })
})

it('passes over an organization that was deleted during the walk, and over nothing else', async () => {
  const { kinde, client } = await start(PEOPLE)
  kinde.failNext(
    { status: 404, body: { errors: { code: 'NOT_FOUND', message: '' } } },
    { on: 'GET /api/v1/organization', after: 1 },
  )
  const customers = await collect(client.customers())
  expect(customers.map(({ customerId }) => customerId)).toEqual(['customer_1', 'customer_3', 'customer_6'])
  kinde.failNext({ status: 500 }, { on: 'GET /api/v1/organization', after: 1, times: 10 })
  await expect(collect(client.customers())).rejects.toMatchObject({ code: 'unavailable' })
})

it('finds the customer of a user or an organization', async () => {
  const { client } = await start(PEOPLE)
  await expect(client.customerOf({ userId: 'kp_1' })).resolves.toBe('customer_1')
  await expect(client.customerOf({ userId: 'kp_2' })).resolves.toBeUndefined()
  await expect(client.customerOf({ orgCode: 'org_3' })).resolves.toBe('customer_6')
  await expect(client.customerOf({ userId: 'kp_9' })).rejects.toMatchObject({ code: 'not_found' })
})

it('reports usage as text, and refuses what is not a quantity', async () => {
  const { kinde, client } = await start({})
  const report = { agreementId: 'agreement_1', featureCode: 'calls' }
  await client.reportUsage({ ...report, value: 0, mode: 'delta', at: new Date(0) })
  await client.reportUsage({ ...report, value: '12.5' })
  expect(kinde.tenant.usage).toEqual([
    {
      customer_agreement_id: 'agreement_1',
      billing_feature_code: 'calls',
      meter_value: '0',
      meter_usage_timestamp: '1970-01-01T00:00:00.000Z',
      meter_type_code: 'delta',
    },
    { customer_agreement_id: 'agreement_1', billing_feature_code: 'calls', meter_value: '12.5' },
  ])
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, '', 'many'])
    await expect(client.reportUsage({ ...report, value })).rejects.toMatchObject({ code: 'invalid_configuration' })
})

it.each([[[]], [null], ['OK']])('does not take %j for the end of a write', async (body) => {
  const { kinde, client } = await start({
    webhooks: [
      { id: 'w1', name: '', endpoint: 'https://a.example', event_types: [], created_on: '2026-01-01T00:00:00Z' },
    ],
  })
  kinde.failNext({ body }, { on: 'DELETE' })
  await expect(client.webhooks.delete('w1')).rejects.toMatchObject({
    code: 'invalid_response',
    message: expect.stringContaining('may have taken effect'),
  })
})

it('encodes ids in paths', async () => {
  const { kinde, client } = await start({})
  await expect(client.event('../webhooks?x=1')).rejects.toMatchObject({ code: 'not_found' })
  expect(kinde.requests[0]?.path).toBe('/api/v1/events/..%2Fwebhooks%3Fx%3D1')
})
