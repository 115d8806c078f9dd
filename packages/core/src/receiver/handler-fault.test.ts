import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { expect, it } from 'vitest'
import { createWebHandler, type DeliveryInbox, type DeliveryOutcome, HandlerFault } from './index.js'

it('answers handler_failed with the fault as its cause if the inbox says that the handler is at fault', async () => {
  const issuer = await createTestIssuer()
  const fault = new HandlerFault('a deferred constraint failed at the commit')
  const inbox: DeliveryInbox = {
    async once(_, work) {
      await work(undefined, new AbortController().signal)
      throw fault
    },
  }
  const outcomes: DeliveryOutcome[] = []
  const handle = createWebHandler({
    issuer: issuer.issuer,
    jwks: issuer.jwks,
    name: 'billing',
    inbox,
    onEvent: () => {},
    onOutcome: (outcome) => outcomes.push(outcome),
  })
  const body = await issuer.sign(billingEventFixture('customer.payment_failed'))
  const response = await handle(new Request('http://127.0.0.1', { method: 'POST', body }))
  expect([response.status, await response.json()]).toEqual([500, { error: 'handler_failed' }])
  expect(outcomes[0]?.error?.cause).toBe(fault)
})

it('recognizes a fault of another copy of the package', () => {
  class Foreign extends Error {}
  const foreign = Object.defineProperty(new Foreign(), Symbol.for('kinde-billing.HandlerFault'), { value: true })
  expect(foreign).toBeInstanceOf(HandlerFault)
  expect(new Foreign()).not.toBeInstanceOf(HandlerFault)
})
