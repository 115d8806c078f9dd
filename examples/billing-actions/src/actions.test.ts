import { type BillingEventType, decodeBillingEvent } from '@kinde-billing/core'
import { createBillingReceiver } from '@kinde-billing/core/receiver'
import { type BillingEventOverrides, billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { beforeAll, expect, it } from 'vitest'
import { billingActions, type Customers, listCustomers } from './index'

const NOW = Date.parse('2026-05-01T12:00:00Z')
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const GRACE_MS = 15 * MINUTE_MS

type Happening = [type: BillingEventType, agoMs: number, data?: BillingEventOverrides['data']]

let testIssuer: Awaited<ReturnType<typeof createTestIssuer>>
beforeAll(async () => {
  testIssuer = await createTestIssuer()
})

/** Delivers events in the given order, each having happened that long ago, and shows the customers. */
async function deliverAll(...happenings: Happening[]): Promise<{ answers: string[]; customers: object[] }> {
  const customers: Customers = new Map()
  const { issuer, jwks, sign } = testIssuer
  const receiver = createBillingReceiver({
    issuer,
    jwks,
    now: () => NOW,
    on: billingActions(customers),
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
  return { answers, customers: listCustomers(customers, NOW) }
}

async function customerAfter(...happenings: Happening[]): Promise<object | undefined> {
  const { customers } = await deliverAll(...happenings)
  expect(customers).toHaveLength(1)
  return customers[0]
}

it('provisions and welcomes', async () => {
  expect(await customerAfter(['customer.agreement_created', 0, { agreement_id: 'agreement_1' }])).toMatchObject({
    access: 'full',
    plan: 'pro',
    features: ['projects', 'exports', 'api'],
    agreements: { agreement_1: 'active' },
    messages: ['welcome'],
  })
})

const created: Happening = ['customer.agreement_created', 2 * HOUR_MS, { agreement_id: 'old', plan_code: 'pro' }]
const changeOfPlan: Happening[] = [
  ['customer.agreement_created', MINUTE_MS, { agreement_id: 'new', plan_code: 'team' }],
  ['customer.agreement_cancelled', MINUTE_MS, { agreement_id: 'old', plan_code: 'pro' }],
  ['customer.plan_changed', MINUTE_MS, { plan_code: 'team' }],
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
    expect(await customerAfter(created, ...arrived.slice(0, count))).toMatchObject({ access: 'full' })
  expect(await customerAfter(created, ...arrived)).toMatchObject({
    plan: 'team',
    agreements: { old: 'cancelled', new: 'active' },
    messages: ['welcome', 'your plan is now team'],
  })
})

it('deactivates a customer whose last agreement was cancelled 15 minutes ago', async () => {
  const cancelledAgo = (ms: number): Happening => ['customer.agreement_cancelled', ms, { agreement_id: 'old' }]
  expect(await customerAfter(created, cancelledAgo(GRACE_MS))).toMatchObject({ access: 'none' })
  expect(await customerAfter(created, cancelledAgo(GRACE_MS - 1))).toMatchObject({ access: 'full' })
})

it('does not revive an agreement whose creation arrives after its cancellation', async () => {
  const customer = await customerAfter(['customer.agreement_cancelled', HOUR_MS, { agreement_id: 'old' }], created)
  expect(customer).toMatchObject({ agreements: { old: 'cancelled' }, access: 'none' })
})

it('leaves a cancellation that names no agreement to staff', async () => {
  const unnamed = { agreement_id: undefined, customer_agreement_id: undefined }
  expect(await customerAfter(created, ['customer.agreement_cancelled', 0, unnamed])).toMatchObject({
    access: 'full',
    messages: ['welcome', 'to staff: a cancellation that names no agreement'],
  })
})

it('reminds and suspends, and unlocks with the payment', async () => {
  const overdue: Happening = ['customer.invoice_overdue', 2 * MINUTE_MS]
  expect(await customerAfter(created, overdue)).toMatchObject({
    access: 'suspended',
    messages: [
      'welcome',
      'reminder: the invoice was due on 2026-04-17',
      'to accounts receivable: an invoice is overdue',
    ],
  })
  expect(await customerAfter(created, overdue, ['customer.payment_succeeded', MINUTE_MS])).toMatchObject({
    access: 'full',
    payment: 'paid',
  })
})

it('asks for another card, but not after a payment that is newer', async () => {
  const failed: Happening = ['customer.payment_failed', MINUTE_MS]
  expect(await customerAfter(created, failed)).toMatchObject({
    access: 'restricted',
    messages: ['welcome', 'payment failed: please try another card'],
  })
  expect(await customerAfter(created, ['customer.payment_succeeded', 0], failed)).toMatchObject({
    access: 'full',
    messages: ['welcome', 'receipt'],
  })
})

it('sends the receipt of a payment that arrives late, and stays with the newer word', async () => {
  expect(
    await customerAfter(created, ['customer.payment_failed', 0], ['customer.payment_succeeded', MINUTE_MS]),
  ).toMatchObject({ access: 'restricted', messages: ['welcome', 'payment failed: please try another card', 'receipt'] })
})

it('shows usage, zero too, and warns near the limit', async () => {
  const used = (quantity: number, agoMs: number): Happening => ['customer.meter_usage_updated', agoMs, { quantity }]
  expect(await customerAfter(used(0, 0))).toMatchObject({ usage: { api_calls: 0 }, messages: [] })
  expect(await customerAfter(used(800, 0), used(700, MINUTE_MS))).toMatchObject({
    usage: { api_calls: 800 },
    messages: ['near the limit of api_calls: 800'],
  })
})

it('activates the features of a plan', async () => {
  expect(await customerAfter(['customer.plan_assigned', 0, { plan_code: 'free' }])).toMatchObject({
    access: 'full',
    features: ['projects'],
  })
  expect(await customerAfter(['customer.plan_assigned', 0, { plan_code: 'constructor' }])).toMatchObject({
    plan: 'constructor',
    features: [],
  })
})

it('discards what can never succeed', async () => {
  const noCustomer = { customer_id: undefined, user_id: undefined, org_code: undefined }
  const { answers, customers } = await deliverAll(
    ['customer.payment_failed', 0, noCustomer],
    ['customer.plan_changed', 0, { plan: undefined }],
    ['customer.meter_usage_updated', 0, { quantity: undefined, meter_value: undefined }],
  )
  expect(answers).toEqual(Array(3).fill('{"status":"discarded"}'))
  expect(customers).toMatchObject([{ access: 'none', messages: [] }])
})

it('reads both dialects of data', async () => {
  const customers: Customers = new Map()
  const on = billingActions(customers)
  const event = decodeBillingEvent(billingEventFixture('customer.plan_assigned', {}, { dialect: 'nested' }))
  if (event.type !== 'customer.plan_assigned') throw new TypeError('another event than the fixture')
  await on['customer.plan_assigned']?.(event, {
    webhookId: undefined,
    receivedAt: new Date(),
    context: undefined,
    signal: new AbortController().signal,
    tx: undefined,
    redelivery: undefined,
  })
  expect(listCustomers(customers)).toMatchObject([{ plan: 'pro', access: 'full' }])
})
