import { type BillingEventType, decodeBillingEvent } from '@kinde-billing/core'
import { createBillingReceiver } from '@kinde-billing/core/receiver'
import { type BillingEventOverrides, billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { beforeAll, expect, it } from 'vitest'
import { billingActions, billingOf, type Customers, createCustomers } from './index'

const NOW = Date.parse('2026-05-01T12:00:00Z')
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

type Happening = [type: BillingEventType, agoMs: number, data?: BillingEventOverrides['data']]

let testIssuer: Awaited<ReturnType<typeof createTestIssuer>>
beforeAll(async () => {
  testIssuer = await createTestIssuer()
})

/** Delivers events in the given order, each having happened that long ago, and shows the customers. */
async function deliverAll(
  ...happenings: Happening[]
): Promise<{ answers: string[]; customers: object[]; store: Customers }> {
  const customers = createCustomers()
  const { issuer, jwks, sign } = testIssuer
  const receiver = createBillingReceiver({
    issuer,
    jwks,
    now: () => NOW,
    ...billingActions(customers, () => NOW),
    onOutcome: () => {},
    onWarning: () => {},
  })
  const answers: string[] = []
  for (const [type, agoMs, data] of happenings) {
    const timestamp = new Date(NOW - agoMs).toISOString()
    const token = await sign(billingEventFixture(type, { timestamp, ...(data && { data }) }))
    const request = { method: 'POST', header: () => undefined, body: () => token, context: undefined }
    answers.push((await receiver.receive(request)).body)
  }
  return { answers, customers: customers.list(NOW), store: customers }
}

async function customerAfter(...happenings: Happening[]): Promise<object | undefined> {
  const { customers } = await deliverAll(...happenings)
  expect(customers).toHaveLength(1)
  return customers[0]
}

it('provisions and welcomes', async () => {
  expect(await customerAfter(['customer.agreement_created', 0, { agreement_id: 'agreement_1' }])).toMatchObject({
    access: 'active',
    plan: 'pro',
    features: ['api', 'exports', 'projects'],
    agreements: { agreement_1: 'active' },
    messages: ['welcome'],
  })
})

const OLD = { agreement_id: 'old' }
const created: Happening = ['customer.agreement_created', 2 * HOUR_MS, { agreement_id: 'old', plan_code: 'pro' }]
const changeOfPlan: Happening[] = [
  ['customer.agreement_created', MINUTE_MS, { agreement_id: 'new', plan_code: 'team' }],
  ['customer.agreement_cancelled', MINUTE_MS, { agreement_id: 'old', plan_code: 'pro' }],
  ['customer.plan_changed', MINUTE_MS, { agreement_id: 'new', plan_code: 'team' }],
]

it.each([
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
])('never locks out at a plan change that arrives in the order %i %i %i', async (...order) => {
  const arrived = order.flatMap((index) => changeOfPlan.slice(index, index + 1))
  for (const count of [1, 2, 3])
    expect(await customerAfter(created, ...arrived.slice(0, count))).toMatchObject({ access: 'active' })
  expect(await customerAfter(created, ...arrived)).toMatchObject({
    plan: 'team',
    agreements: { old: 'cancelled', new: 'active' },
    messages: ['welcome', 'your plan is now team'],
  })
})

it('ends access 15 minutes after the cancellation of the last agreement arrived', async () => {
  const { store } = await deliverAll(created, ['customer.agreement_cancelled', 0, { agreement_id: 'old' }])
  expect(store.list(NOW + 15 * MINUTE_MS - 1)).toMatchObject([{ access: 'active' }])
  expect(store.list(NOW + 15 * MINUTE_MS)).toMatchObject([{ access: 'cancelled' }])
})

it('reminds, tells accounts receivable, and thanks for the payment', async () => {
  const overdue: Happening = ['customer.invoice_overdue', 2 * MINUTE_MS, OLD]
  const paid: Happening = ['customer.payment_succeeded', MINUTE_MS, OLD]
  expect(await customerAfter(created, overdue, paid)).toMatchObject({
    access: 'active',
    messages: [
      'welcome',
      'to accounts receivable: a payment is due',
      'reminder: the invoice was due on 2026-04-17',
      'to accounts receivable: paid',
      'receipt',
    ],
  })
})

it('is not past due by a failure that is older than the payment', async () => {
  const failed: Happening = ['customer.payment_failed', MINUTE_MS, OLD]
  expect(await customerAfter(created, failed)).toMatchObject({ access: 'past_due' })
  expect(await customerAfter(created, ['customer.payment_succeeded', 0, OLD], failed)).toMatchObject({
    access: 'active',
  })
})

it('shows usage, zero too, and warns near the limit', async () => {
  const used = (quantity: number, agoMs: number): Happening => [
    'customer.meter_usage_updated',
    agoMs,
    { ...OLD, quantity },
  ]
  expect(await customerAfter(created, used(0, 0))).toMatchObject({ usage: { api_calls: 0 }, messages: ['welcome'] })
  expect(await customerAfter(created, used(800, 0), used(700, MINUTE_MS))).toMatchObject({
    usage: { api_calls: 800 },
    messages: ['welcome', 'near the limit of api_calls: 800'],
  })
})

it('discards an event that names no customer', async () => {
  const noCustomer = { customer_id: undefined, user_id: undefined, org_code: undefined }
  const { answers, customers } = await deliverAll(['customer.payment_failed', 0, noCustomer])
  expect(answers).toEqual(['{"status":"discarded"}'])
  expect(customers).toEqual([])
})

it('finds what the organization or the user of a session has', async () => {
  const customers = createCustomers()
  const { onEvent } = billingActions(customers)
  const subscribe = (data: BillingEventOverrides['data']) => {
    const event = decodeBillingEvent(billingEventFixture('customer.agreement_created', { ...(data && { data }) }))
    return onEvent(event, {
      webhookId: undefined,
      receivedAt: new Date(),
      context: undefined,
      signal: new AbortController().signal,
      tx: undefined,
      redelivery: undefined,
    })
  }
  await subscribe({ customer_id: 'customer_1', org_code: 'org_1', user_id: 'kp_member' })
  await subscribe({ customer_id: 'customer_2', org_code: undefined, user_id: 'kp_payer' })
  const hasAccess = (session: { orgCode?: string; userId?: string }) => billingOf(customers, session).hasAccess
  expect(hasAccess({ orgCode: 'org_1' })).toBe(true)
  expect(hasAccess({ orgCode: 'org_2' })).toBe(false)
  expect(hasAccess({ userId: 'kp_payer' })).toBe(true)
  // a member does not pay: ask for the organization of the session
  expect(hasAccess({ userId: 'kp_member' })).toBe(false)
  expect(hasAccess({})).toBe(false)
})
