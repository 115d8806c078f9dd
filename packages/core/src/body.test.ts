import { deferred, eventually } from '@kinde-billing/test-support/deferred'
import { chunks, createRequest, createTestReceiver, signEvent } from '@kinde-billing/test-support/test-receiver'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { BillingReceiverOptions, DeliveryBody } from './receiver/index.js'

const encode = (text: string) => new TextEncoder().encode(text)

afterEach(() => void vi.useRealTimers())

/** The error for a body. */
async function errorFor(
  body: () => DeliveryBody | Promise<DeliveryBody>,
  options: BillingReceiverOptions<string> = {},
): Promise<{ code: string | undefined; message: string | undefined; cause: unknown }> {
  const receiver = createTestReceiver(options)
  await receiver.receive(createRequest('', { body, rawBodyHint: 'Use express.raw().' }))
  const { code, message, cause } = receiver.outcomes[0]?.error ?? {}
  return { code, message, cause }
}

describe('a body in any form', () => {
  it.each<{ form: string; toBody: (token: string) => DeliveryBody }>([
    { form: 'a string', toBody: (token) => token },
    { form: 'bytes', toBody: encode },
    { form: 'a Web stream', toBody: (token) => new Blob([token]).stream() },
    {
      form: 'chunks of a byte',
      toBody: (token) => chunks(...Array.from(encode(token), (byte) => Uint8Array.of(byte))),
    },
    { form: 'chunks of text', toBody: (token) => chunks(token.slice(0, 2), encode(token.slice(2))) },
  ])('is read from $form', async ({ toBody }) => {
    expect(await createTestReceiver().send(toBody(await signEvent()))).toMatchObject({
      status: 200,
      body: '{"status":"processed"}',
    })
  })
})

describe('a body that has no bytes', () => {
  it.each<{ body: unknown; name: string }>([
    { name: 'undefined', body: undefined },
    { name: 'a parsed object', body: { parsed: true } },
    { name: 'a number', body: 5 },
    { name: 'chunks that were parsed', body: chunksOf({ parsed: true }) },
  ])('is body_already_parsed with the adapter’s hint ($name)', async ({ body }) => {
    expect(await errorFor(() => body as DeliveryBody)).toMatchObject({
      code: 'body_already_parsed',
      message: expect.stringMatching(
        /^The body was consumed before the receiver could read it, .* Use express\.raw\(\)\.$/,
      ),
    })
  })

  it('is body_already_parsed if another reader has the stream', async () => {
    const stream = new Blob(['x']).stream()
    stream.getReader()
    expect(await errorFor(() => stream)).toMatchObject({ code: 'body_already_parsed' })
  })
})

describe('a body that fails', () => {
  it('is body_unreadable if it rejects: the sender has gone away', async () => {
    const cause = new Error('ECONNRESET')
    expect(await errorFor(() => Promise.reject(cause))).toEqual({
      code: 'body_unreadable',
      message: 'The connection was closed before the end of the body.',
      cause,
    })
  })

  const notImplemented = new Error('Readable.asyncIterator is not implemented')
  const fail = () => {
    throw notImplemented
  }
  it.each<{ name: string; body: () => DeliveryBody }>([
    { name: 'it cannot be opened', body: fail },
    { name: 'it has no iterator after all', body: () => ({ [Symbol.asyncIterator]: fail }) as never },
    { name: 'its iterator throws', body: () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }) as never },
  ])('is internal_error, and the adapter is named, if $name', async ({ body }) => {
    expect(await errorFor(body)).toEqual({
      code: 'internal_error',
      message: "The adapter could not open the request's body.",
      cause: notImplemented,
    })
  })
})

describe('a body without end', () => {
  it('is abandoned at the time limit, and the limit is named', async () => {
    const opening = await errorFor(() => new Promise(() => {}), { bodyTimeoutMs: 20 })
    expect(opening.code).toBe('request_timeout')
    expect(opening.message).toMatch(/^The body did not arrive within 20 ms\. .* \(bodyTimeoutMs\)\.$/)
  })

  it('is abandoned at the size limit, and its source is cancelled once the response is out', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    let read = 0
    let isCancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        read += 1024
        controller.enqueue(new Uint8Array(1024))
      },
      cancel: () => {
        isCancelled = true
      },
    })
    const { code, message } = await errorFor(() => endless, { maxTokenBytes: 10_000 })
    expect(code).toBe('payload_too_large')
    expect(message).toBe('The body is larger than 10000 bytes. If Kinde really sends more, raise maxTokenBytes.')
    // a framework on Node would cut the connection here
    expect(isCancelled).toBe(false)
    vi.advanceTimersByTime(1000)
    expect(isCancelled).toBe(true)
    expect(read).toBeLessThan(16_384)
  })

  it('is abandoned at the size limit if it consists of empty chunks', async () => {
    const empty = (async function* () {
      for (;;) yield new Uint8Array()
    })()
    expect(await errorFor(() => empty, { maxTokenBytes: 1000 })).toMatchObject({ code: 'payload_too_large' })
  })

  it.each<{ name: string; end: () => unknown }>([
    {
      name: 'throws',
      end: () => {
        throw new Error('x')
      },
    },
    { name: 'returns nothing', end: () => undefined },
    { name: 'rejects', end: () => Promise.reject(new Error('x')) },
    { name: 'never settles', end: () => new Promise(() => {}) },
  ])('is abandoned although its return() $name', async ({ end }) => {
    const source = (...parts: Uint8Array[]) =>
      ({
        [Symbol.asyncIterator]: () => ({
          next: () =>
            parts.length > 0 ? Promise.resolve({ done: false, value: parts.shift() }) : new Promise(() => {}),
          return: end,
        }),
      }) as AsyncIterable<Uint8Array>
    expect(await errorFor(() => source(), { bodyTimeoutMs: 20 })).toMatchObject({ code: 'request_timeout' })
    expect(await errorFor(() => source(encode('123456789')), { maxTokenBytes: 5 })).toMatchObject({
      code: 'payload_too_large',
    })
  })
})

async function* chunksOf(...parts: unknown[]): AsyncGenerator<unknown> {
  yield* parts
}

describe('many bodies at once', () => {
  const HALF_MIB = 512 * 1024
  /** 66 bodies of half a MiB, without the first 16 KiB of each, fill 32 MiB. */
  const MANY = 100
  const FIT = 66

  /** Bodies that have sent half a MiB and then stall until they are cut. */
  function stall(receiver: ReturnType<typeof createTestReceiver>): { cut: () => void; settled: Promise<unknown> } {
    const gone = deferred<never>()
    const body = async function* () {
      yield new Uint8Array(HALF_MIB)
      await gone.promise
    }
    const settled = Promise.all(Array.from({ length: MANY }, () => receiver.send(body())))
    return { cut: () => gone.reject(new Error('ECONNRESET')), settled }
  }

  const signLargeEvent = () => signEvent({ data: { customer_id: 'customer_1', note: 'x'.repeat(100_000) } })

  it('takes 32 MiB at most, refuses more to be tried again, and always lets small tokens pass', async () => {
    const receiver = createTestReceiver()
    const { cut, settled } = stall(receiver)
    const large = await signLargeEvent()

    await eventually(() => expect(receiver.outcomes).toHaveLength(MANY - FIT))
    for (const { outcome } of receiver.outcomes) expect(outcome).toBe('receiver_overloaded')
    expect(await receiver.send(chunks(await signEvent()))).toMatchObject({ status: 200 })
    expect(await receiver.send(chunks(encode(large)))).toEqual({
      status: 503,
      headers: { 'content-type': 'application/json', 'retry-after': '5' },
      body: '{"error":"receiver_overloaded"}',
    })

    cut()
    await settled
    expect(await receiver.send(chunks(encode(large)))).toMatchObject({ status: 200 })
  })

  it('counts a body until its signature is known', async () => {
    const keys = deferred<{ status: number; body: null }>()
    const receiver = createTestReceiver({
      jwks: undefined,
      fetch: () => keys.promise,
      keys: { timeoutMs: 600_000 },
      maxTokenBytes: 40_000_000,
    })
    const waiting = receiver.send(chunks(await signEvent()))
    const tokens = Array.from({ length: 2 }, async () => receiver.send(chunks(encode(await signHuge()))))
    await eventually(() => expect(receiver.outcomes.map(({ outcome }) => outcome)).toEqual(['receiver_overloaded']))
    keys.resolve({ status: 500, body: null })
    await Promise.all([waiting, ...tokens])
    expect(receiver.outcomes.map(({ outcome }) => outcome)).toEqual([
      'receiver_overloaded',
      'keys_unavailable',
      'keys_unavailable',
    ])
  })

  it('is one budget per receiver', async () => {
    const { cut, settled } = stall(createTestReceiver())
    expect(await createTestReceiver().send(chunks(encode(await signLargeEvent())))).toMatchObject({ status: 200 })
    cut()
    await settled
  })

  const signHuge = () => signEvent({ data: { customer_id: 'customer_1', note: 'x'.repeat(16_000_000) } })
})
