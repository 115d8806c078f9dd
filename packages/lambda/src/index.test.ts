import { Buffer } from 'node:buffer'
import { PassThrough } from 'node:stream'
import type { DeliveryInbox, DeliveryOutcome } from '@kinde-billing/core/receiver'
import { deferred } from '@kinde-billing/test-support/deferred'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { describe, expect, it } from 'vitest'
import {
  FUNCTION_URL,
  HTTP_API,
  HTTP_API_V1,
  LOAD_BALANCER,
  LOAD_BALANCER_MULTI_VALUE,
  REST_API,
} from '../test/events.js'
import { type KindeBillingContext, type KindeBillingOptions, kindeBilling, type LambdaHttpEvent } from './index.js'

const { issuer, jwks, sign } = await createTestIssuer()
const signEvent = () => sign(billingEventFixture('customer.plan_changed'))
const trust = { issuer, jwks, log: false as const }
const FORM = 'application/x-www-form-urlencoded'

const SAMPLES: { name: string; sample: LambdaHttpEvent }[] = [
  { name: 'an HTTP API', sample: HTTP_API },
  { name: 'a function URL', sample: FUNCTION_URL },
  { name: 'an HTTP API with payload format 1.0', sample: HTTP_API_V1 },
  { name: 'a REST API', sample: REST_API },
  { name: 'a load balancer', sample: LOAD_BALANCER },
  { name: 'a load balancer with multi-value headers', sample: LOAD_BALANCER_MULTI_VALUE },
]

/** The sample with another body, in the sample's own encoding. */
function withBody(sample: LambdaHttpEvent, body: string): LambdaHttpEvent {
  return { ...sample, body: sample.isBase64Encoded === true ? Buffer.from(body).toString('base64') : body }
}

/** A context whose invocation ends in so many milliseconds, now and later. */
const leaving = (ms: number) => ({ getRemainingTimeInMillis: () => ms })

describe.each(SAMPLES)('an event of $name', ({ sample }) => {
  it('is received, with its method, its headers and its body', async () => {
    const seen: unknown[] = []
    const handler = kindeBilling({
      ...trust,
      onEvent: (event, { webhookId }) => seen.push([event.type, webhookId]),
    })
    const { statusCode, body } = await handler(withBody(sample, await signEvent()), leaving(30_000))
    expect([statusCode, body]).toEqual([200, '{"status":"processed"}'])
    expect(seen).toEqual([['customer.plan_changed', 'msg_2b5vXyqmC5gXYRYr3LmWxQ3xT0a']])
  })

  it.each([true, false])('is read as text and as base64 (base64: %s)', async (isBase64Encoded) => {
    const handler = kindeBilling({ ...trust, onEvent: () => {} })
    const event = withBody({ ...sample, isBase64Encoded }, await signEvent())
    expect((await handler(event)).statusCode).toBe(200)
  })

  it('is answered in its own shape', async () => {
    const isFromLoadBalancer = sample.requestContext?.elb !== undefined
    const headers = { 'content-type': 'application/json' }
    const takesLists = isFromLoadBalancer && sample.multiValueHeaders !== undefined
    expect(await kindeBilling({ ...trust, onEvent: () => {} })(sample)).toEqual({
      statusCode: 401,
      ...(isFromLoadBalancer && { statusDescription: '401 Unauthorized' }),
      ...(takesLists ? { multiValueHeaders: { 'content-type': ['application/json'] } } : { headers }),
      body: '{"error":"unauthorized"}',
      isBase64Encoded: false,
    })
  })
})

describe('an event', () => {
  const handler = kindeBilling({ ...trust, onEvent: () => {} })

  it.each([null, undefined, ''])('may have no body (%j)', async (body) => {
    expect((await handler({ ...REST_API, body })).statusCode).toBe(401)
  })

  it('may have no headers, as test events of the console', async () => {
    const event = { ...REST_API, headers: null, multiValueHeaders: null, body: await signEvent() }
    expect((await handler(event)).statusCode).toBe(200)
  })

  it('is refused if a middleware has parsed the body, with the fix', async () => {
    const outcomes: DeliveryOutcome[] = []
    const parsed = kindeBilling({ ...trust, onEvent: () => {}, onOutcome: (outcome) => outcomes.push(outcome) })
    const event: LambdaHttpEvent = JSON.parse(JSON.stringify({ ...REST_API, body: { token: 'a.b.c' } }))
    expect((await parsed(event)).body).toBe('{"error":"body_already_parsed"}')
    expect(outcomes[0]?.error?.message).toContain('Let no middleware parse event.body')
  })

  it.each([
    ['a schedule', { source: 'aws.events', 'detail-type': 'Scheduled Event' }],
    ['a queue', { Records: [{ messageId: '1', body: 'a.b.c' }] }],
    ['nothing', null],
  ])('fails the invocation if it is no HTTP request (%s), with the fix', async (_, event) => {
    await expect(handler(event as LambdaHttpEvent)).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('not an HTTP request'),
    })
  })

  it.each([undefined, null, {}])('may come without a usable context (%j), as from a test', async (context) => {
    const call: (event: LambdaHttpEvent, context: unknown) => Promise<{ statusCode: number }> = handler as never
    expect((await call(withBody(HTTP_API, await signEvent()), context)).statusCode).toBe(200)
  })

  it.each([NaN, undefined, null, '30000'])('may come with a clock that tells no time (%j)', async (left) => {
    const call: (event: LambdaHttpEvent, context: unknown) => Promise<{ statusCode: number }> = handler as never
    const context = { getRemainingTimeInMillis: () => left }
    expect((await call(withBody(HTTP_API, await signEvent()), context)).statusCode).toBe(200)
  })

  it.each<[what: string, event: object, statusCode: number]>([
    ['headers and multi-value headers that differ', { headers: { 'content-type': 'multipart/form-data' } }, 200],
    ['a form in the second value', { multiValueHeaders: { 'content-type': ['application/jwt', 'text/x', FORM] } }, 415],
    ['a form in the header alone', { headers: { 'content-type': FORM }, multiValueHeaders: { host: ['a'] } }, 415],
    [
      'one header in two cases',
      { headers: { 'Content-Type': 'a/b', 'content-type': FORM }, multiValueHeaders: null },
      415,
    ],
    ['headers whose values are lists', { headers: { 'content-type': [FORM] }, multiValueHeaders: null }, 415],
    ['headers without values', { headers: { 'content-type': null }, multiValueHeaders: { 'content-type': [] } }, 200],
    ['no request context', { requestContext: null }, 200],
    ['a request context without a method', { requestContext: { http: null } }, 200],
    ['a context of no load balancer', { requestContext: { elb: null } }, 200],
    ['a base path and a stage', { path: '/billing/webhooks/kinde', requestContext: { stage: 'v1', path: '/x' } }, 200],
    ['another method', { httpMethod: 'PUT' }, 405],
    ['an encoding', { multiValueHeaders: { 'Content-Encoding': ['gzip'] } }, 415],
    ['text that is said to be base64', { isBase64Encoded: true }, 401],
  ])('with %s is read as it was sent', async (_, odd, statusCode) => {
    const event = { ...REST_API, body: await signEvent(), ...odd } as LambdaHttpEvent
    expect((await handler(event, leaving(30_000))).statusCode).toBe(statusCode)
  })

  it('is handled once if one instance gets several attempts at a time', async () => {
    const event = withBody(REST_API, await signEvent())
    const results = await Promise.all(Array.from({ length: 20 }, () => handler(event, leaving(30_000))))
    const processed = results.filter(({ body }) => body === '{"status":"processed"}')
    expect([processed.length, results.every(({ statusCode }) => [200, 409].includes(statusCode))]).toEqual([1, true])
  })

  it('with a response stream fails the invocation, with the fix', async () => {
    const call: (...args: unknown[]) => Promise<unknown> = handler as never
    await expect(call(HTTP_API, new PassThrough(), leaving(30_000))).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('streamifyResponse'),
    })
  })

  it('is handled once in a warm instance', async () => {
    const event = withBody(HTTP_API, await signEvent())
    const bodies = [await handler(event, leaving(30_000)), await handler(event, leaving(30_000))]
    expect(bodies.map(({ body }) => body)).toEqual(['{"status":"processed"}', '{"status":"duplicate"}'])
  })

  it.each([0, -50, 1, 999])('with %i ms left is answered, and not lost', async (ms) => {
    const { statusCode } = await handler(withBody(HTTP_API, await signEvent()), leaving(ms))
    expect([200, 503]).toContain(statusCode)
  })

  it('is given to handlers, with the context', async () => {
    const contexts: KindeBillingContext[] = []
    const receive = kindeBilling({ ...trust, onEvent: (_event, { context }) => contexts.push(context) })
    const event = withBody(HTTP_API, await signEvent())
    const context = leaving(30_000)
    await receive(event, context)
    await receive(withBody(HTTP_API, await signEvent()))
    expect(contexts.map((seen) => seen.context)).toEqual([context, undefined])
    expect(contexts[0]?.event).toBe(event)
  })
})

describe('the time of the invocation', () => {
  /** `remainingMs` is what is left when the handler starts: a busy machine may take long until then. */
  const receive = async (remainingMs: number, options: KindeBillingOptions) => {
    const outcomes: DeliveryOutcome[] = []
    let leftMs = 30_000
    const inbox: DeliveryInbox = {
      async once(_delivery, work) {
        leftMs = remainingMs
        await work(undefined, new AbortController().signal)
        return 'processed'
      },
    }
    const defaults = {
      ...trust,
      inbox,
      name: 'billing',
      onOutcome: (outcome: DeliveryOutcome) => outcomes.push(outcome),
    }
    const handler = kindeBilling({ ...defaults, ...options } as KindeBillingOptions)
    const context = { getRemainingTimeInMillis: () => leftMs }
    const result = await handler(withBody(HTTP_API, await signEvent()), context)
    return { result, outcomes }
  }

  it('stops a handler one second before its end, by its signal, and is answered 503', async () => {
    const reasons: unknown[] = []
    const { result, outcomes } = await receive(1050, {
      onEvent: (_event, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason)
            reject(signal.reason)
          })
        }),
    })
    expect([result.statusCode, result.body]).toEqual([503, '{"error":"handler_timeout"}'])
    expect(outcomes[0]?.error?.message).toContain('within 50 ms (all that the time limit of the platform leaves)')
    expect(reasons).toMatchObject([{ code: 'handler_timeout' }])
  })

  it('does not raise handlerTimeoutMs', async () => {
    const { outcomes } = await receive(600_000, { handlerTimeoutMs: 20, onEvent: () => new Promise(() => {}) })
    expect(outcomes[0]?.error?.message).toContain('within 20 ms (handlerTimeoutMs)')
  })

  it('is used, after a handler was stopped, to give its claim back', async () => {
    const steps: string[] = []
    const [aborted, released] = [deferred(), deferred()]
    const inbox: DeliveryInbox = {
      async once(_delivery, work) {
        await work(undefined, new AbortController().signal).catch(async (error: unknown) => {
          aborted.resolve()
          await released.promise
          steps.push('claim released')
          throw error
        })
        return 'processed'
      },
    }
    const answer = receive(10_000, {
      name: 'billing',
      inbox,
      handlerTimeoutMs: 20,
      onEvent: (_event, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    })
    await aborted.promise
    released.resolve()
    expect((await answer).result.statusCode).toBe(503)
    expect(steps).toEqual(['claim released'])
  })

  it('is used for what onOutcome sends', async () => {
    const sent: string[] = []
    await receive(30_000, {
      onEvent: () => {},
      onOutcome: async ({ outcome }) => {
        await new Promise<void>((resolve) => setImmediate(resolve))
        sent.push(outcome)
      },
    })
    expect(sent).toEqual(['processed'])
  })

  it('ends with an answer although a handler never stops', async () => {
    const { result } = await receive(1050, { onEvent: () => new Promise(() => {}) })
    expect(result.statusCode).toBe(503)
  })
})

describe('kindeBilling', () => {
  it('validates its options when the function is loaded', () => {
    expect(() => kindeBilling({ issuer: 'kinde' })).toThrow('issuer')
  })
})
