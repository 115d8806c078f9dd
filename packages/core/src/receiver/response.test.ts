import {
  chunks,
  createPassingInbox,
  createRequest,
  createTestReceiver,
  issuer,
  signEvent,
  stranger,
  TYPE,
} from '@kinde-billing/test-support/test-receiver'
import { billingEventFixture } from '@kinde-billing/testing'
import { expect, it } from 'vitest'
import { type DataSchemas, KindeWebhookError } from '../index.js'
import { type BillingReceiverOptions, type DeliveryRequest, DiscardEvent } from './index.js'

interface Case {
  readonly outcome: string
  readonly status: number
  /** The `error` of the body. Default: the outcome. */
  readonly error?: string
  readonly headers?: Record<string, string>
  readonly options?: BillingReceiverOptions<string, undefined, DataSchemas>
  readonly request: () => Promise<DeliveryRequest<string>>
}

const send =
  (body: () => Promise<string>): Case['request'] =>
  async () =>
    createRequest(await body())
const never = () => new Promise<never>(() => {})

const acknowledged: Case[] = [
  { outcome: 'processed', status: 200, request: send(signEvent) },
  { outcome: 'ignored', status: 200, options: { on: {}, onEvent: undefined }, request: send(signEvent) },
  { outcome: 'unsupported', status: 200, request: send(() => signEvent({ type: 'user.created' })) },
  {
    outcome: 'discarded',
    status: 200,
    options: {
      onEvent: () => {
        throw new DiscardEvent('never')
      },
    },
    request: send(signEvent),
  },
]

const failed: Case[] = [
  {
    outcome: 'method_not_allowed',
    status: 405,
    headers: { allow: 'POST' },
    request: async () => createRequest('x', { method: 'PUT' }),
  },
  {
    outcome: 'unsupported_media_type',
    status: 415,
    request: async () => createRequest('x', { headers: { 'content-type': 'multipart/form-data; boundary=x' } }),
  },
  {
    outcome: 'payload_too_large',
    status: 413,
    options: { maxTokenBytes: 10 },
    request: async () => createRequest(chunks('123456', '123456')),
  },
  { outcome: 'body_unreadable', status: 400, request: async () => createRequest(brokenOff()) },
  {
    outcome: 'request_timeout',
    status: 408,
    options: { bodyTimeoutMs: 20 },
    request: async () => createRequest('', { body: never }),
  },
  { outcome: 'body_already_parsed', status: 500, request: async () => createRequest(undefined) },
  { outcome: 'malformed_token', status: 401, error: 'unauthorized', request: async () => createRequest(null) },
  {
    outcome: 'unknown_key',
    status: 401,
    error: 'unauthorized',
    request: send(() => stranger.sign(billingEventFixture(TYPE))),
  },
  {
    outcome: 'invalid_signature',
    status: 401,
    error: 'unauthorized',
    request: send(() => stranger.sign(billingEventFixture(TYPE), { header: { kid: issuer.kid } })),
  },
  {
    outcome: 'not_a_webhook',
    status: 401,
    error: 'unauthorized',
    request: send(() => signEvent({ aud: 'x' })),
  },
  { outcome: 'invalid_payload', status: 400, request: send(() => signEvent({ event_id: '' })) },
  {
    outcome: 'timestamp_out_of_range',
    status: 400,
    request: send(() => signEvent({ timestamp: '2020-01-01T00:00:00Z' })),
  },
  {
    outcome: 'schema_mismatch',
    status: 500,
    options: { dataSchemas: { [TYPE]: rejecting('no') } },
    request: send(signEvent),
  },
  {
    outcome: 'handler_failed',
    status: 500,
    // Its own code is not the delivery's.
    options: { onEvent: () => Promise.reject(new KindeWebhookError('keys_unavailable', 'x')) },
    request: send(signEvent),
  },
  {
    outcome: 'handler_timeout',
    status: 503,
    options: { onEvent: never, handlerTimeoutMs: 20 },
    request: send(signEvent),
  },
  {
    outcome: 'inbox_unavailable',
    status: 503,
    headers: { 'retry-after': '5' },
    options: { name: 'x', inbox: createPassingInbox(() => Promise.reject(new Error('down'))) },
    request: send(signEvent),
  },
  {
    outcome: 'delivery_in_progress',
    status: 409,
    headers: { 'retry-after': '5' },
    options: { name: 'x', inbox: { once: async () => 'in_progress' } },
    request: send(signEvent),
  },
  {
    outcome: 'keys_unavailable',
    status: 503,
    headers: { 'retry-after': '1' },
    options: { jwks: undefined, fetch: () => Promise.reject(new Error('down')) },
    request: send(signEvent),
  },
  {
    outcome: 'invalid_configuration',
    status: 500,
    options: { jwks: undefined, issuer: () => 'acme' },
    request: send(signEvent),
  },
  {
    outcome: 'internal_error',
    status: 500,
    request: async () =>
      createRequest('x', {
        header: () => {
          throw new Error('adapter')
        },
      }),
  },
]

it.each(acknowledged)('acknowledges with 200 if the outcome is $outcome', async ({ outcome, options, request }) => {
  const receiver = createTestReceiver(options)
  expect(await receiver.receive(await request())).toEqual({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: `{"status":"${outcome}"}`,
  })
  expect(receiver.outcomes).toMatchObject([{ outcome, status: 200, durationMs: expect.any(Number) }])
})

it.each(failed)('answers $status for $outcome', async ({ outcome, status, error, headers, options, request }) => {
  const receiver = createTestReceiver(options)
  expect(await receiver.receive(await request())).toEqual({
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: `{"error":"${error ?? outcome}"}`,
  })
  expect(receiver.outcomes).toMatchObject([{ outcome, status, error: { code: outcome } }])
})

it.each([new Response(null, { status: 500 }), { status: 500 }, false, 'no'])(
  'answers 200 whatever a handler returns (%#)',
  async (value) => {
    const receiver = createTestReceiver({ onEvent: () => value })
    expect(await receiver.send(await signEvent())).toMatchObject({ status: 200, body: '{"status":"processed"}' })
  },
)

it.each([
  () => {
    throw new Error('x')
  },
  () => Promise.reject(new Error('x')),
  never,
])('answers although onOutcome throws, rejects or hangs (%#)', async (onOutcome) => {
  expect((await createTestReceiver({ onOutcome }).send(await signEvent())).status).toBe(200)
})

async function* brokenOff(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode('x')
  throw new Error('reset')
}

function rejecting(message: string) {
  return { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message }] }) } } as const
}
