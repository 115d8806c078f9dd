import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { type BillingEvent, type BillingWarning, KindeWebhookError } from '../index.js'
import {
  type BillingReceiverOptions,
  createBillingReceiver,
  createMemoryInbox,
  type DeliveryBody,
  type DeliveryInbox,
  type DeliveryOutcome,
  type DeliveryRequest,
  DiscardEvent,
  type HandlerDelivery,
} from './index.js'

const { issuer, jwks, sign } = await createTestIssuer()
const stranger = await createTestIssuer()
const TYPE = 'customer.payment_failed'

let outcomes: DeliveryOutcome[]
let errors: MockInstance<typeof console.error>
beforeEach(() => {
  outcomes = []
  errors = vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  errors.mockRestore()
  vi.unstubAllEnvs()
  vi.useRealTimers()
})

type Options = BillingReceiverOptions<string, undefined>

const receiver = (options: Partial<Options> = {}) =>
  createBillingReceiver<string>({
    issuer,
    jwks,
    onOutcome: (outcome) => outcomes.push(outcome),
    onEvent: () => {},
    ...options,
  } as Options)

const request = (
  body: DeliveryBody,
  headers: Record<string, string> = {},
  method = 'POST',
): DeliveryRequest<string> => ({
  method,
  header: (name) => ({ 'content-type': 'application/jwt', ...headers })[name],
  body: () => body,
  context: 'context',
})

const token = (overrides: Record<string, unknown> = {}) => sign(billingEventFixture(TYPE, overrides))

async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

function deferred<Value = void>() {
  let settle: { resolve: (value: Value) => void; reject: (reason: unknown) => void } = {
    resolve: () => {},
    reject: () => {},
  }
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, ...settle }
}

describe('the answers', () => {
  const answerTo = async (options: Partial<Options>, of: DeliveryRequest<string>) => {
    const { status, headers, body } = await receiver(options).receive(of)
    return { status, headers, body, outcome: outcomes.at(-1)?.outcome }
  }
  const json = { 'content-type': 'application/json' }

  it.each<[string, number, string, Partial<Options>, () => Promise<DeliveryRequest<string>>, Record<string, string>?]>([
    ['processed', 200, '{"status":"processed"}', {}, async () => request(await token())],
    ['ignored', 200, '{"status":"ignored"}', { onEvent: undefined }, async () => request(await token())],
    ['unsupported', 200, '{"status":"unsupported"}', {}, async () => request(await token({ type: 'user.created' }))],
    [
      'discarded',
      200,
      '{"status":"discarded"}',
      {
        onEvent: () => {
          throw new DiscardEvent('never')
        },
      },
      async () => request(await token()),
    ],
    [
      'method_not_allowed',
      405,
      '{"error":"method_not_allowed"}',
      {},
      async () => request('x', {}, 'PUT'),
      { allow: 'POST' },
    ],
    [
      'unsupported_media_type',
      415,
      '{"error":"unsupported_media_type"}',
      {},
      async () => request('x', { 'content-type': 'multipart/form-data; boundary=x' }),
    ],
    [
      'unsupported_media_type',
      415,
      '{"error":"unsupported_media_type"}',
      {},
      async () => request('x', { 'content-type': 'application/jwt, Application/X-WWW-Form-Urlencoded' }),
    ],
    [
      'unsupported_media_type',
      415,
      '{"error":"unsupported_media_type"}',
      {},
      async () => request('x', { 'content-encoding': 'identity, gzip' }),
    ],
    [
      'payload_too_large',
      413,
      '{"error":"payload_too_large"}',
      { maxTokenBytes: 10 },
      async () => request(chunks(Buffer.alloc(6), Buffer.alloc(6))),
    ],
    [
      'body_unreadable',
      400,
      '{"error":"body_unreadable"}',
      {},
      async () =>
        request(
          (async function* () {
            yield Buffer.from('x')
            throw new Error('reset')
          })(),
        ),
    ],
    [
      'request_timeout',
      408,
      '{"error":"request_timeout"}',
      { bodyTimeoutMs: 20 },
      async () =>
        request(
          (async function* () {
            yield Buffer.from('x')
            await new Promise(() => {})
          })(),
        ),
    ],
    ['body_already_parsed', 500, '{"error":"body_already_parsed"}', {}, async () => request(undefined)],
    ['malformed_token', 401, '{"error":"unauthorized"}', {}, async () => request(null)],
    [
      'unknown_key',
      401,
      '{"error":"unauthorized"}',
      {},
      async () => request(await stranger.sign(billingEventFixture(TYPE))),
    ],
    ['not_a_webhook', 401, '{"error":"unauthorized"}', {}, async () => request(await token({ aud: 'x' }))],
    ['invalid_payload', 400, '{"error":"invalid_payload"}', {}, async () => request(await token({ event_id: '' }))],
    [
      'timestamp_out_of_range',
      400,
      '{"error":"timestamp_out_of_range"}',
      {},
      async () => request(await token({ timestamp: '2020-01-01T00:00:00Z' })),
    ],
    [
      'handler_failed',
      500,
      '{"error":"handler_failed"}',
      { onEvent: () => Promise.reject(new KindeWebhookError('keys_unavailable', 'x')) },
      async () => request(await token()),
    ],
    [
      'handler_timeout',
      503,
      '{"error":"handler_timeout"}',
      { onEvent: () => new Promise(() => {}), handlerTimeoutMs: 20 },
      async () => request(await token()),
    ],
    [
      'keys_unavailable',
      503,
      '{"error":"keys_unavailable"}',
      { jwks: undefined, issuer: 'http://127.0.0.1:1' },
      async () => request(await token()),
      { 'retry-after': '1' },
    ],
    [
      'internal_error',
      500,
      '{"error":"internal_error"}',
      {},
      async () => ({
        ...request('x'),
        header: () => {
          throw new Error('adapter')
        },
      }),
    ],
  ])('%s', async (outcome, status, body, options, of, headers = {}) => {
    expect(await answerTo(options, await of())).toEqual({ outcome, status, body, headers: { ...json, ...headers } })
  })

  it('success is 200 whatever a handler returns', async () => {
    for (const value of [new Response(null, { status: 500 }), { status: 500 }, false, 'no'])
      expect(await answerTo({ onEvent: () => value }, request(await token()))).toMatchObject({
        status: 200,
        outcome: 'processed',
      })
  })

  it('a body that cannot be opened, or that is no body, is unreadable', async () => {
    const of = request('x')
    expect(await answerTo({}, { ...of, body: () => Promise.reject(new Error('x')) })).toMatchObject({
      outcome: 'body_unreadable',
    })
    expect(await answerTo({}, { ...of, body: () => ({ parsed: true }) as never })).toMatchObject({
      outcome: 'body_already_parsed',
    })
    expect(await answerTo({}, request(chunks({} as never)))).toMatchObject({ outcome: 'body_unreadable' })
    expect(await answerTo({ bodyTimeoutMs: 20 }, { ...of, body: () => new Promise(() => {}) })).toMatchObject({
      outcome: 'request_timeout',
    })
  })

  it('bodies arrive in any form, a byte at a time too', async () => {
    const bytes = new TextEncoder().encode(await token())
    const forms = [
      bytes,
      new Blob([bytes]).stream(),
      chunks(...Array.from(bytes, (byte) => Uint8Array.of(byte))),
      chunks(...(['ab'] as never[]), bytes.subarray(2)),
    ]
    forms[3] = chunks(new TextDecoder().decode(bytes.subarray(0, 2)) as never, bytes.subarray(2))
    for (const [index, form] of forms.entries())
      expect(await answerTo({}, request(form))).toMatchObject({
        status: 200,
        outcome: 'processed',
        body: expect.any(String),
        headers: json,
        ...(index < 0 ? {} : {}),
      })
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('x')
      },
    ],
    ['gives nothing', () => undefined],
    ['rejects', () => Promise.reject(new Error('x'))],
    ['never settles', () => new Promise(() => {})],
  ])('a body whose end %s is given up all the same', async (_, end) => {
    const source = (...parts: Uint8Array[]) =>
      ({
        [Symbol.asyncIterator]: () => ({
          next: () =>
            parts.length > 0 ? Promise.resolve({ done: false, value: parts.shift() }) : new Promise(() => {}),
          return: end,
        }),
      }) as AsyncIterable<Uint8Array>
    expect(await answerTo({ bodyTimeoutMs: 20 }, request(source()))).toMatchObject({ outcome: 'request_timeout' })
    expect(await answerTo({ maxTokenBytes: 5 }, request(source(Buffer.alloc(9))))).toMatchObject({
      outcome: 'payload_too_large',
    })
  })

  it('an endless body of nothing is given up as well', async () => {
    const empty = (async function* () {
      for (;;) yield new Uint8Array()
    })()
    expect(await answerTo({ maxTokenBytes: 1000 }, request(empty))).toMatchObject({ outcome: 'payload_too_large' })
  })

  it('an endless body is given up at the limit', async () => {
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
    expect(await answerTo({ maxTokenBytes: 10_000 }, request(endless))).toMatchObject({ status: 413 })
    expect(isCancelled).toBe(true)
    expect(read).toBeLessThan(16_384)
  })
})

describe('handlers', () => {
  it('get the narrowed event, onEvent before its own, and the delivery', async () => {
    const seen: [string, BillingEvent, HandlerDelivery<string, undefined>][] = []
    await receiver({
      onEvent: (event, delivery) => seen.push(['onEvent', event, delivery]),
      on: {
        [TYPE]: (event, delivery) => seen.push([event.type, event, delivery]),
        'customer.plan_changed': () => seen.push(),
      },
    }).receive(request(await token(), { 'webhook-id': 'whk_1' }))
    expect(seen.map(([name]) => name)).toEqual(['onEvent', TYPE])
    expect(seen[0]?.[2]).toMatchObject({
      webhookId: 'whk_1',
      context: 'context',
      tx: undefined,
      receivedAt: expect.any(Date),
      signal: expect.any(AbortSignal),
    })
  })

  it.each([['a, b'], ['x'.repeat(257)], ['a\u0007'], ['é'], ['']])('the webhook-id %j is odd', async (id) => {
    const ids: unknown[] = []
    await receiver({ onEvent: (_, { webhookId }) => ids.push(webhookId) }).receive(
      request(await token(), { 'webhook-id': id }),
    )
    expect(ids).toEqual([undefined])
  })

  it('of one event are one unit: where one throws, both run again', async () => {
    const seen: string[] = []
    let fail = true
    const one = receiver({
      onEvent: () => seen.push('onEvent'),
      on: {
        [TYPE]: () => {
          seen.push('own')
          if (fail) throw new Error('not yet')
        },
      },
    })
    const delivery = await token()
    expect((await one.receive(request(delivery))).status).toBe(500)
    fail = false
    expect((await one.receive(request(delivery))).body).toBe('{"status":"processed"}')
    expect((await one.receive(request(delivery))).body).toBe('{"status":"duplicate"}')
    expect(seen).toEqual(['onEvent', 'own', 'onEvent', 'own'])
    expect(outcomes.map(({ outcome, event }) => [outcome, event?.type])).toEqual([
      ['handler_failed', TYPE],
      ['processed', TYPE],
      ['duplicate', TYPE],
    ])
  })

  it('that outlive their time keep the claim: nothing runs beside them, and what still succeeds is marked', async () => {
    const finish = deferred()
    const aborted = deferred<unknown>()
    let runs = 0
    const one = receiver({
      handlerTimeoutMs: 20,
      onEvent: async (_, { signal }) => {
        runs += 1
        signal.addEventListener('abort', () => aborted.resolve(signal.reason))
        await finish.promise
      },
    })
    const delivery = await token()
    expect((await one.receive(request(delivery))).status).toBe(503)
    expect(await aborted.promise).toMatchObject({ code: 'handler_timeout' })
    expect(await one.receive(request(delivery))).toMatchObject({
      status: 409,
      headers: { 'retry-after': '5' },
      body: '{"error":"delivery_in_progress"}',
    })
    finish.resolve()
    await vi.waitFor(async () => expect((await one.receive(request(delivery))).body).toBe('{"status":"duplicate"}'))
    expect(runs).toBe(1)
  })

  it('that ask for their signal only when it is too late are told so, by one and the same signal', async () => {
    const [finish, asked] = [deferred(), deferred<unknown[]>()]
    const one = receiver({
      handlerTimeoutMs: 20,
      onEvent: async (_, delivery) => {
        await finish.promise
        const { signal } = delivery
        asked.resolve([signal.reason, signal === { ...delivery }.signal])
      },
    })
    expect((await one.receive(request(await token()))).status).toBe(503)
    finish.resolve()
    expect(await asked.promise).toEqual([expect.objectContaining({ code: 'handler_timeout' }), true])
  })

  it('whose clock fails as they begin are answered, though the inbox hangs over it', async () => {
    let looks = 0
    const one = receiver({
      handlerTimeoutMs: 20,
      name: 'x',
      // at the arrival, at the verification, and at the begin of the work
      now: () => {
        if (++looks === 3) throw new Error('no clock')
        return Date.now()
      },
      inbox: {
        once: async (_, work) => {
          await work(undefined, new AbortController().signal).catch(() => {})
          return new Promise<never>(() => {})
        },
      },
      onEvent: () => {},
    } as Partial<Options>)
    expect((await one.receive(request(await token()))).status).toBe(503)
    expect(looks).toBe(3)
  })

  it('may be wrapped by one that gives them a signal of its own', async () => {
    const own = AbortSignal.abort('mine')
    const seen: unknown[] = []
    const one = receiver({
      onEvent: (_, delivery) => {
        const wrapped = { ...delivery, signal: own }
        seen.push(wrapped.signal.reason)
      },
    })
    expect((await one.receive(request(await token()))).status).toBe(200)
    expect(seen).toEqual(['mine'])
  })

  it('that settle after their lease cause a warning, and cannot mark what another attempt has taken over', async () => {
    const warnings: BillingWarning[] = []
    let now = Date.now()
    const [first, second] = [deferred(), deferred()]
    const signals: AbortSignal[] = []
    const one = receiver({
      now: () => now,
      handlerTimeoutMs: 200,
      onWarning: (warning) => warnings.push(warning),
      onEvent: (_, { signal }) => (signals.push(signal) === 1 ? first.promise : second.promise),
    })
    const delivery = await token()
    expect((await one.receive(request(delivery))).status).toBe(503)
    now += 60_001
    const other = one.receive(request(delivery))
    await vi.waitFor(() => expect(signals).toHaveLength(2))
    first.resolve()
    await vi.waitFor(() => expect(warnings.map(({ code }) => code)).toEqual(['handler_finished_late']))
    expect((await one.receive(request(delivery))).status).toBe(409)
    second.resolve()
    expect((await other).body).toBe('{"status":"processed"}')
  })

  it('that have lost their lease do not begin the other half of their work', async () => {
    const [finish, begun] = [deferred(), deferred()]
    const own = vi.fn()
    const lease = new AbortController()
    const one = receiver({
      name: 'x',
      onWarning: () => {},
      onEvent: () => {
        begun.resolve()
        return finish.promise
      },
      on: { [TYPE]: own },
      inbox: {
        once: async (_, work) => {
          await work(undefined, lease.signal)
          return 'processed'
        },
      },
    } as Partial<Options>)
    const answer = one.receive(request(await token()))
    await begun.promise
    lease.abort(new Error('taken over'))
    finish.resolve()
    expect((await answer).body).toBe('{"error":"handler_failed"}')
    expect(own).not.toHaveBeenCalled()
  })

  it('run once for 100 concurrent duplicates; where that run fails, none is a 200', async () => {
    for (const fails of [false, true]) {
      const release = deferred()
      let runs = 0
      const one = receiver({
        onEvent: async () => {
          runs += 1
          await release.promise
          if (fails) throw new Error('x')
        },
      })
      const delivery = await token()
      const statuses: number[] = []
      const ninetyNine = deferred()
      const answers = Array.from({ length: 100 }, async () => {
        statuses.push((await one.receive(request(delivery))).status)
        if (statuses.length === 99) ninetyNine.resolve()
      })
      await ninetyNine.promise
      expect(new Set(statuses)).toEqual(new Set([409]))
      release.resolve()
      await Promise.all(answers)
      expect(statuses.at(-1)).toBe(fails ? 500 : 200)
      expect(runs).toBe(1)
    }
  })
})

describe('what is one delivery', () => {
  it('is decided by the signed event_id, the issuer and the name, never by webhook-id or the text of the token', async () => {
    const inbox = createMemoryInbox()
    const seen: string[] = []
    const endpoint = (name: string) =>
      receiver({ inbox, name, onEvent: (event) => seen.push(`${name} ${event.id}`) } as Partial<Options>)
    const fixture = billingEventFixture(TYPE, { event_id: '__proto__' })
    const again = await sign({ ...fixture, attempt: 2 })
    await endpoint('a').receive(request(await sign(fixture), { 'webhook-id': 'same' }))
    await endpoint('a').receive(request(again, { 'webhook-id': 'other' }))
    await endpoint('b').receive(request(again, { 'webhook-id': 'same' }))
    await endpoint('a').receive(request(await token({ event_id: 'next' }), { 'webhook-id': 'same' }))
    expect(seen).toEqual(['a __proto__', 'b __proto__', 'a next'])
  })

  it('is never marked where it was refused or ignored', async () => {
    const inbox = createMemoryInbox()
    const fixture = billingEventFixture(TYPE)
    const statuses: string[] = []
    for (const [of, options] of [
      [await stranger.sign(fixture), {}],
      [await sign(fixture), { onEvent: undefined }],
      [await sign(fixture), {}],
    ] as const)
      statuses.push((await receiver({ inbox, name: 'a', ...options } as Partial<Options>).receive(request(of))).body)
    expect(statuses).toEqual(['{"error":"unauthorized"}', '{"status":"ignored"}', '{"status":"processed"}'])
  })

  it('is remembered for longer than a replay is let in, whatever retentionMs says', async () => {
    let now = Date.now()
    const one = receiver({ now: () => now, retentionMs: 24 * 3_600_000 })
    const delivery = await token()
    await one.receive(request(delivery))
    now += 35 * 3_600_000
    expect((await one.receive(request(delivery))).body).toBe('{"status":"duplicate"}')
  })

  it('of two tenants that share an id runs for both', async () => {
    const tenants = {
      a: await createTestIssuer({ issuer: 'https://a.kinde.com' }),
      b: await createTestIssuer({ issuer: 'https://b.kinde.com' }),
    }
    const serve = async (url: string) =>
      new Response(JSON.stringify(url.includes('a.kinde') ? tenants.a.jwks : tenants.b.jwks))
    const seen: string[] = []
    const one = createBillingReceiver({
      issuer: (tenant: 'a' | 'b' | 'c') => (tenant === 'c' ? 'not a domain' : tenants[tenant].issuer),
      fetch: serve,
      onEvent: (event, { context }) => seen.push(`${context} ${event.id}`),
      onOutcome: (outcome) => outcomes.push(outcome),
    })
    const fixture = billingEventFixture(TYPE, { event_id: 'event_1' })
    const send = async (tenant: 'a' | 'b' | 'c', signer: 'a' | 'b') =>
      (await one.receive({ ...request(await tenants[signer].sign(fixture)), context: tenant })).status
    expect([await send('a', 'a'), await send('b', 'b'), await send('a', 'b'), await send('c', 'a')]).toEqual([
      200, 200, 401, 500,
    ])
    expect(seen).toEqual(['a event_1', 'b event_1'])
    expect(outcomes.at(-1)).toMatchObject({ outcome: 'invalid_configuration' })
  })
})

describe('an inbox', () => {
  const failing = (once: DeliveryInbox['once']) =>
    receiver({ inbox: { once }, name: 'x', inboxTimeoutMs: 20 } as Partial<Options>)
  const never = () => new Promise<never>(() => {})

  it.each<[string, DeliveryInbox['once'], number, string]>([
    [
      'is down',
      async () => {
        throw new Error('ECONNREFUSED')
      },
      503,
      'inbox_unavailable',
    ],
    [
      'throws at once',
      () => {
        throw new Error('x')
      },
      503,
      'inbox_unavailable',
    ],
    ['hangs before the work', never, 503, 'inbox_unavailable'],
    [
      'hangs at the mark',
      async (_, work) => {
        await work(undefined, new AbortController().signal)
        return never()
      },
      503,
      'inbox_unavailable',
    ],
    [
      'fails at the mark',
      async (_, work) => {
        await work(undefined, new AbortController().signal)
        throw new Error('x')
      },
      503,
      'inbox_unavailable',
    ],
    ['says processed without having run anything', async () => 'processed', 503, 'inbox_unavailable'],
    [
      'says processed before the work is finished',
      async (_, work) => {
        void work(undefined, new AbortController().signal)
        return 'processed'
      },
      503,
      'inbox_unavailable',
    ],
    ['says nonsense', async () => 'done' as 'processed', 503, 'inbox_unavailable'],
    ['says in_progress', async () => 'in_progress', 409, 'delivery_in_progress'],
  ])('that %s', async (_, once, status, code) => {
    const one = failing(once)
    expect(await one.receive(request(await token()))).toMatchObject({ status, headers: { 'retry-after': '5' } })
    expect(outcomes.at(-1)).toMatchObject({ outcome: code, event: { type: TYPE } })
  })

  it('whose claim comes after the answer runs nothing', async () => {
    const claim = deferred()
    const late = deferred<unknown>()
    const ran = vi.fn()
    const one = receiver({
      name: 'x',
      inboxTimeoutMs: 20,
      onEvent: ran,
      inbox: {
        once: async (_delivery, work) => {
          await claim.promise
          await work(undefined, new AbortController().signal).catch(late.resolve)
          return 'processed'
        },
      },
    } as Partial<Options>)
    expect((await one.receive(request(await token()))).status).toBe(503)
    claim.resolve()
    expect(await late.promise).toBeInstanceOf(Error)
    expect(ran).not.toHaveBeenCalled()
  })

  it('is told what signed values say, and lends its tx; its lost lease aborts the signal', async () => {
    const once = vi.fn<DeliveryInbox<{ query: string }>['once']>(async (_, work) => {
      const lease = new AbortController()
      const done = work({ query: 'select' }, lease.signal)
      lease.abort('lost')
      await done
      return 'processed'
    })
    const seen: unknown[] = []
    const one = createBillingReceiver({
      issuer,
      jwks,
      name: 'billing',
      inbox: () => ({ once }),
      onWarning: () => {},
      onEvent: async (_, { tx, signal }) => {
        seen.push(
          tx.query,
          signal.reason ??
            (await new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)))),
        )
      },
    })
    const fixture = billingEventFixture(TYPE)
    await one.receive({ ...request(await sign(fixture)), context: undefined })
    expect(seen).toEqual(['select', 'lost'])
    expect(once.mock.calls[0]?.[0]).toMatchObject({
      key: `${issuer} billing ${fixture.event_id}`,
      eventId: fixture.event_id,
      type: TYPE,
      occurredAt: new Date(fixture.event_timestamp),
      leaseMs: 60_000,
      retentionMs: 7 * 86_400_000,
    })
  })

  it('can be left out: every attempt runs', async () => {
    const ran = vi.fn()
    const one = receiver({ inbox: false, onEvent: ran })
    const delivery = await token()
    for (let attempt = 0; attempt < 3; attempt++)
      expect((await one.receive(request(delivery))).body).toBe('{"status":"processed"}')
    expect(ran).toHaveBeenCalledTimes(3)
  })

  it("may be handled by a DiscardEvent of the application's own", () => {
    class Skip extends DiscardEvent {}
    expect([
      new Skip('x') instanceof DiscardEvent,
      new Skip('x') instanceof Skip,
      new DiscardEvent('x') instanceof Skip,
    ]).toEqual([true, true, false])
    expect(
      Object.assign(new Error('x'), { [Symbol.for('kinde-billing.DiscardEvent')]: true }) instanceof DiscardEvent,
    ).toBe(true)
  })

  it('that does not know of DiscardEvent passes it on, and the event is acknowledged all the same', async () => {
    const one = receiver({
      inbox: {
        once: async (_delivery, work) => {
          await work(undefined, new AbortController().signal)
          return 'processed'
        },
      },
      name: 'x',
      onEvent: () => {
        throw new DiscardEvent('a plan without a code')
      },
    } as Partial<Options>)
    expect((await one.receive(request(await token()))).body).toBe('{"status":"discarded"}')
    expect(outcomes.at(-1)?.discarded?.message).toBe('a plan without a code')
  })
})

describe('an event of another type', () => {
  const seen: unknown[] = []
  const one = () => receiver({ onOtherEvent: (error) => seen.push(error.type) })

  it('goes to its handler once, under the inbox', async () => {
    const two = one()
    const delivery = await token({ type: 'user.created' })
    expect((await two.receive(request(delivery))).body).toBe('{"status":"unsupported"}')
    expect((await two.receive(request(delivery))).body).toBe('{"status":"duplicate"}')
    expect(seen).toEqual(['user.created'])
  })

  it.each([{ event_id: 5 }, { timestamp: 'yesterday' }, { timestamp: '2020-01-01T00:00:00Z' }])(
    'is only acknowledged with %j',
    async (overrides) => {
      seen.length = 0
      expect((await one().receive(request(await token({ type: 'user.created', ...overrides } as never)))).body).toBe(
        '{"status":"unsupported"}',
      )
      expect(seen).toEqual([])
    },
  )

  it('whose handler fails is tried again', async () => {
    const failing = receiver({
      onOtherEvent: () => {
        throw new Error('x')
      },
    })
    expect((await failing.receive(request(await token({ type: 'user.created' })))).status).toBe(500)
  })
})

describe('reports', () => {
  it('a hook that throws, rejects or hangs costs no answer', async () => {
    for (const onOutcome of [
      () => {
        throw new Error('x')
      },
      () => Promise.reject(new Error('x')),
      () => new Promise(() => {}),
    ])
      expect((await receiver({ onOutcome }).receive(request(await token()))).status).toBe(200)
  })

  it('whatever a handler throws can be reported', async () => {
    const odd = [
      undefined,
      Object.create(null),
      Object.assign(new Error('x'), { message: {} }),
      {
        toString: () => {
          throw new Error('x')
        },
      },
      Symbol('x'),
    ]
    for (const thrown of odd)
      expect(
        (
          await receiver({ onOutcome: undefined, onEvent: () => Promise.reject(thrown) }).receive(
            request(await token()),
          )
        ).body,
      ).toBe('{"error":"handler_failed"}')
  })

  it('failures are one line in the log, at most one a minute and code, without the token', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 120_000 })
    const one = receiver({
      onOutcome: undefined,
      handlerTimeoutMs: 1000,
      onEvent: () => {
        throw new Error('database\nis down')
      },
    })
    const tokens = await Promise.all([token(), token()])
    for (const of of tokens) await one.receive(request(of))
    await one.receive(request(await token({ event_id: '' })))
    const lines = errors.mock.calls.map(([line]) => String(line))
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(
      /^\[kinde-billing\] handler_failed \(500\): .*Kinde will try again.* Cause: database\\nis down$/,
    )
    expect(lines[1]).toMatch(/invalid_payload \(400\): .* event_id must be/)
    expect(lines.join()).not.toContain(tokens[0]?.slice(0, 30))
  })
})

describe('options', () => {
  const mistake = (options: unknown): unknown => {
    try {
      return createBillingReceiver(options as Options)
    } catch (error) {
      return error instanceof KindeWebhookError && error.code === 'invalid_configuration' ? error.message : error
    }
  }

  it.each([
    [{}, /No issuer is given: set KINDE_ISSUER_URL/],
    [{ issuer: () => issuer, jwks }, /issuer is a function, and jwks or jwksUri is given/],
    [{ issuer, on: { 'customer.payment_fail': () => {} } }, /on is "customer.payment_fail": it is keyed by event type/],
    [{ issuer, on: { [TYPE]: true } }, /on\['customer.payment_failed'\] is true: pass a function/],
    [{ issuer, on: [] }, /on is an array/],
    [{ issuer, onEvent: 'x' }, /onEvent is "x"/],
    [{ issuer, onOutcome: {} }, /onOutcome is an object/],
    [{ issuer, inbox: {}, name: 'x' }, /inbox is an object: pass an inbox/],
    [{ issuer, inbox: createMemoryInbox() }, /name is undefined: an inbox given needs the endpoint's name/],
    [{ issuer, inbox: createMemoryInbox(), name: 'a b' }, /name is "a b"/],
    [{ issuer, name: '' }, /name is ""/],
    [{ issuer, handlerTimeoutMs: 2 ** 31 }, /handlerTimeoutMs/],
    [{ issuer, bodyTimeoutMs: -1 }, /bodyTimeoutMs/],
    [{ issuer, inboxTimeoutMs: '5' }, /inboxTimeoutMs/],
    [{ issuer, retentionMs: Number.NaN }, /retentionMs/],
  ])('%j', (options, message) => {
    vi.stubEnv('KINDE_ISSUER_URL', undefined)
    expect(mistake(options)).toMatch(message)
  })

  it('a mistake in the environment is named there', () => {
    vi.stubEnv('KINDE_ISSUER_URL', 'acme.kinde.com')
    expect(mistake({})).toMatch(/^KINDE_ISSUER_URL is "acme.kinde.com": pass a URL such as/)
  })

  it('functions of the request must be synchronous, and one that rejects does not end the process', async () => {
    const one = createBillingReceiver({
      issuer: (() => Promise.reject(new Error('x'))) as never,
      onEvent: () => {},
      onOutcome: (outcome) => outcomes.push(outcome),
    })
    expect((await one.receive({ ...request(await token()), context: undefined })).status).toBe(500)
    expect(outcomes.at(-1)?.error?.message).toMatch(/^issuer is an object: pass a URL/)
  })

  it('the issuer comes from the environment where there is one', async () => {
    vi.stubEnv('KINDE_ISSUER_URL', issuer)
    const one = createBillingReceiver({ jwks, onEvent: () => {} })
    expect((await one.receive({ ...request(await token()), context: undefined })).status).toBe(200)
  })
})
