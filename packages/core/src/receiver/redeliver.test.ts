import { deferred } from '@kinde-billing/test-support/deferred'
import { createPassingInbox, createTestReceiver, issuer, TYPE } from '@kinde-billing/test-support/test-receiver'
import { billingEventFixture } from '@kinde-billing/testing'
import { describe, expect, it, vi } from 'vitest'
import { createMemoryInbox, type DeliveryInbox, type InboxDelivery } from './index.js'

const options = { context: 'context', reason: 'fixed the price list' }
/** Stored claims that are too old for a request. */
const old = billingEventFixture(TYPE, { timestamp: '2020-01-01T00:00:00Z' })

describe('redeliver', () => {
  it('runs the handlers, which see the reason, without regard to the age', async () => {
    const seen: unknown[] = []
    const receiver = createTestReceiver({
      onEvent: (event, { context, redelivery, webhookId }) => seen.push([event.id, context, redelivery, webhookId]),
    })
    expect(await receiver.redeliver(old, options)).toMatchObject({
      outcome: 'processed',
      status: 200,
      eventId: old.event_id,
      type: TYPE,
      event: { id: old.event_id },
    })
    expect(seen).toEqual([[old.event_id, 'context', { reason: 'fixed the price list' }, undefined]])
    expect(receiver.outcomes).toMatchObject([{ outcome: 'processed' }])
  })

  it.each([
    {
      options: { context: 'context', reson: 'x' },
      message: /^redeliver has no option "reson": did you mean "reason"\?/,
    },
    { options: null, message: /^redeliver is null: pass a plain object/ },
  ])('refuses wrong options as an outcome: $message', async ({ options, message }) => {
    const receiver = createTestReceiver({ onEvent: () => {} })
    const redeliver: (claims: Record<string, unknown>, options: unknown) => Promise<unknown> =
      Object(receiver).redeliver
    expect(await redeliver({ ...old }, options)).toMatchObject({
      outcome: 'invalid_configuration',
      error: { message: expect.stringMatching(message) },
    })
  })

  it('has a reason of undefined if none is given', async () => {
    const seen: unknown[] = []
    const receiver = createTestReceiver({ onEvent: (_, { redelivery }) => seen.push(redelivery) })
    await receiver.redeliver(old, { context: 'context' })
    expect(seen).toEqual([{ reason: undefined }])
  })

  it('uses the key of the delivery, and tells the inbox that it is a redelivery', async () => {
    const deliveries: InboxDelivery[] = []
    const inbox: DeliveryInbox = {
      once: (delivery, work) => {
        deliveries.push({ ...delivery })
        return createPassingInbox().once(delivery, work)
      },
    }
    const receiver = createTestReceiver({ name: 'billing', inbox })
    const fixture = billingEventFixture(TYPE)
    await receiver.send(await issuer.sign(fixture))
    await receiver.redeliver(fixture, options)
    const [delivered, redelivered] = deliveries
    expect(redelivered).toEqual({ ...delivered, redelivery: true, answered: expect.any(AbortSignal) })
    expect(delivered).toMatchObject({ redelivery: false, key: `${issuer.issuer} billing ${fixture.event_id}` })
  })

  it('is a duplicate of what is done, and in progress beside what is running', async () => {
    const [started, finish] = [deferred(), deferred()]
    const receiver = createTestReceiver({
      onEvent: () => {
        started.resolve()
        return finish.promise
      },
    })
    const fixture = billingEventFixture(TYPE)
    const response = receiver.send(await issuer.sign(fixture))
    await started.promise
    expect(await receiver.redeliver(fixture, options)).toMatchObject({ outcome: 'delivery_in_progress', status: 409 })
    finish.resolve()
    expect((await response).status).toBe(200)
    expect(await receiver.redeliver(fixture, options)).toMatchObject({ outcome: 'duplicate', status: 200 })
  })

  it('applies dataSchemas again, and records what still fails', async () => {
    const recordFailure = vi.fn<NonNullable<DeliveryInbox['recordFailure']>>(async () => {})
    let isFixed = false
    const seen: unknown[] = []
    const receiver = createTestReceiver({
      name: 'x',
      inbox: { ...createPassingInbox(), recordFailure },
      dataSchemas: {
        [TYPE]: {
          '~standard': {
            version: 1,
            vendor: 'test',
            validate: () => (isFixed ? { value: { output: true } } : { issues: [{ message: 'no' }] }),
          },
        },
      },
      onEvent: (event) => seen.push(event.data),
    })
    expect(await receiver.redeliver(old, options)).toMatchObject({ outcome: 'schema_mismatch', status: 500 })
    expect(recordFailure.mock.calls[0]?.[0]).toMatchObject({ redelivery: true, claims: old })
    isFixed = true
    expect(await receiver.redeliver(old, options)).toMatchObject({ outcome: 'processed' })
    expect(seen).toEqual([{ output: true }])
    expect(old.data).not.toHaveProperty('output')
  })

  it('refuses claims of another issuer, if it is told whose they are', async () => {
    const seen: unknown[] = []
    const receiver = createTestReceiver({ onEvent: (event) => seen.push(event.id) })
    const foreign = { ...options, issuer: 'https://staging.kinde.com' }
    expect(await receiver.redeliver(old, foreign)).toMatchObject({ outcome: 'invalid_configuration' })
    expect(seen).toEqual([])
    expect(await receiver.redeliver(old, { ...options, issuer: issuer.issuer })).toMatchObject({ outcome: 'processed' })
  })

  it('runs onOtherEvent for an event of another type', async () => {
    const seen: unknown[] = []
    const receiver = createTestReceiver({
      onOtherEvent: (event, { redelivery }) => seen.push([event.type, event.id, redelivery?.reason]),
    })
    const claims = { ...old, type: 'user.created' }
    expect(await receiver.redeliver(claims, options)).toMatchObject({ outcome: 'processed', type: 'user.created' })
    expect(await createTestReceiver().redeliver(claims, options)).toMatchObject({ outcome: 'unsupported', status: 200 })
    expect(seen).toEqual([['user.created', old.event_id, 'fixed the price list']])
  })

  it('passes the context to option functions', async () => {
    const inbox = createMemoryInbox()
    const contexts: string[] = []
    const receiver = createTestReceiver({
      jwks: undefined,
      issuer: (context) => {
        contexts.push(`issuer of ${context}`)
        return issuer.issuer
      },
      name: 'x',
      inbox: (context) => {
        contexts.push(`inbox of ${context}`)
        return inbox
      },
    })
    expect((await receiver.redeliver(old, { context: 'tenant' })).outcome).toBe('processed')
    expect(contexts).toEqual(['issuer of tenant', 'inbox of tenant'])
  })
})

describe('redeliver never rejects', () => {
  it.each<{ name: string; claims: unknown; outcome: string }>([
    { name: 'null', claims: null, outcome: 'invalid_payload' },
    { name: 'undefined', claims: undefined, outcome: 'invalid_payload' },
    { name: 'a list', claims: [], outcome: 'invalid_payload' },
    { name: 'a string', claims: 'x', outcome: 'invalid_payload' },
    { name: 'no event', claims: {}, outcome: 'invalid_payload' },
    { name: 'an event without data', claims: { ...old, data: undefined }, outcome: 'invalid_payload' },
    {
      name: 'claims that throw',
      claims: Object.defineProperty({}, 'type', {
        get: () => {
          throw new Error('x')
        },
        enumerable: true,
      }),
      outcome: 'internal_error',
    },
  ])('has the outcome $outcome for $name', async ({ claims, outcome }) => {
    const receiver = createTestReceiver()
    expect(await receiver.redeliver(claims as Record<string, unknown>, options)).toMatchObject({ outcome })
    expect(receiver.outcomes).toMatchObject([{ outcome }])
  })

  it.each<{ name: string; outcome: string; receiver: ReturnType<typeof createTestReceiver> }>([
    {
      name: 'a handler throws',
      outcome: 'handler_failed',
      receiver: createTestReceiver({ onEvent: () => Promise.reject(new Error('x')) }),
    },
    {
      name: 'the inbox is down',
      outcome: 'inbox_unavailable',
      receiver: createTestReceiver({ name: 'x', inbox: { once: () => Promise.reject(new Error('x')) } }),
    },
    {
      name: 'the issuer function throws',
      outcome: 'invalid_configuration',
      receiver: createTestReceiver({
        jwks: undefined,
        issuer: () => {
          throw new Error('x')
        },
      }),
    },
    {
      name: 'the clock throws',
      outcome: 'internal_error',
      receiver: createTestReceiver({
        now: () => {
          throw new Error('x')
        },
      }),
    },
  ])('has the outcome $outcome if $name', async ({ outcome, receiver }) => {
    expect(await receiver.redeliver(old, options)).toMatchObject({ outcome, error: { code: outcome } })
  })
})
