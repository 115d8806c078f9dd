import { createRequest, createTestReceiver, signEvent } from '@kinde-billing/test-support/test-receiver'
import { describe, expect, it } from 'vitest'

describe('method', () => {
  it.each(['GET', 'PUT', 'post', ''])('refuses %j and names it', async (method) => {
    const receiver = createTestReceiver()
    expect((await receiver.receive(createRequest('x', { method }))).status).toBe(405)
    expect(receiver.outcomes[0]?.error?.message).toBe(`Method "${method}" is not allowed. Use POST, as Kinde does.`)
  })
})

describe('media type', () => {
  it.each([
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': ' application/x-www-form-urlencoded' },
    { 'content-type': 'application/jwt, Application/X-WWW-Form-Urlencoded' },
    { 'content-encoding': 'identity, gzip' },
  ])('refuses %j before the body is opened', async (headers) => {
    let isOpened = false
    const receiver = createTestReceiver()
    const body = () => {
      isOpened = true
      return ''
    }
    expect((await receiver.receive(createRequest('', { headers, body }))).status).toBe(415)
    expect(receiver.outcomes[0]?.error?.message).toMatch(/ are not accepted \(content-(type|encoding): ".*"\)\. Kinde /)
    expect(isOpened).toBe(false)
  })

  it.each([
    { 'content-type': 'application/jwt' },
    { 'content-type': 'text/plain; charset=utf-8' },
    { 'content-type': '' },
    { 'content-encoding': ' Identity ,' },
  ])('accepts %j', async (headers) => {
    expect((await createTestReceiver().send(await signEvent(), headers)).status).toBe(200)
  })
})

describe('webhook-id', () => {
  it.each([
    { id: 'whk_1', webhookId: 'whk_1' },
    { id: 'x'.repeat(256), webhookId: 'x'.repeat(256) },
    { id: 'x'.repeat(257), webhookId: undefined },
    { id: 'a, b', webhookId: undefined },
    { id: 'a\u0007', webhookId: undefined },
    { id: 'é', webhookId: undefined },
    { id: '', webhookId: undefined },
  ])('reads $id as $webhookId', async ({ id, webhookId }) => {
    const ids: unknown[] = []
    const receiver = createTestReceiver({
      onEvent: (_, delivery) => ids.push(delivery.webhookId),
      onOutcome: (_, delivery) => ids.push(delivery.webhookId),
    })
    await receiver.send(await signEvent(), { 'webhook-id': id })
    expect(ids).toEqual([webhookId, webhookId])
  })
})
