import { connect } from 'node:http2'
import { PassThrough } from 'node:stream'
import { type BillingEvent, KindeWebhookError } from '@kinde-billing/core'
import { billingEventFixture, createTestIssuer, deliver } from '@kinde-billing/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type KindeBillingContext, kindeBilling } from './index.js'

const { issuer, jwks, sign } = await createTestIssuer()
const token = () => sign(billingEventFixture('customer.payment_failed'))
const path = '/webhooks/kinde'
const options = { path, issuer, jwks, onEvent: () => {} }

const apps: { close(): unknown }[] = []
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())))

async function serve<App extends Pick<FastifyInstance, 'listen' | 'close'>>(app: App): Promise<string> {
  apps.push(app)
  return app.listen({ host: '127.0.0.1', port: 0 })
}

describe('the plugin', () => {
  it('validates its options when it is called', () => {
    expect(() => kindeBilling({ ...options, retentionMs: -1 })).toThrow(KindeWebhookError)
    const { path: _, ...rest } = options
    expect(() => kindeBilling(JSON.parse(JSON.stringify(rest)))).toThrow(/^path is missing/)
  })

  it('is refused with the fix if the plugin is not called', async () => {
    const app = Fastify()
    // @ts-expect-error: what a program without types may do
    app.register(kindeBilling, options)
    await expect(app.ready()).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining("Write app.register(kindeBilling({ path: '/webhooks/kinde', ... }))"),
    })
  })

  it('uses a prefix', async () => {
    const app = Fastify()
    app.register(kindeBilling({ ...options, path: '/kinde' }), { prefix: '/api' })
    expect((await deliver(`${await serve(app)}/api/kinde`, await token())).status).toBe(200)
  })

  it('works twice in one application', async () => {
    const app = Fastify()
    app.register(kindeBilling(options))
    app.register(kindeBilling({ ...options, path: '/other' }))
    const url = await serve(app)
    const delivery = await token()
    for (const endpoint of [path, '/other'])
      expect(await deliver(url + endpoint, delivery)).toMatchObject({ body: { status: 'processed' } })
  })
})

describe('the application around it', () => {
  it('keeps its routes, its parsers and its errors', async () => {
    const app = Fastify()
    app.addContentTypeParser('application/jwt', { parseAs: 'string' }, (_request, body, done) =>
      done(null, `jwt ${body}`),
    )
    app.setErrorHandler((error: Error, _request, reply) => reply.code(418).send({ mine: error.message }))
    app.post('/echo', async (request) => ({ body: request.body }))
    app.register(kindeBilling(options))
    const url = await serve(app)
    const echo = (contentType: string, body: string) =>
      app.inject({ method: 'POST', url: '/echo', headers: { 'content-type': contentType }, payload: body })
    expect((await deliver(url + path, await token())).status).toBe(200)
    expect((await echo('application/jwt', 'a.b.c')).json()).toEqual({ body: 'jwt a.b.c' })
    expect((await echo('application/json', '{"a":1}')).json()).toEqual({ body: { a: 1 } })
    expect((await echo('text/html', '<p>')).statusCode).toBe(418)
    expect((await echo('no media type', '<p>')).statusCode).toBe(418)
  })

  it('can refuse a delivery by itself, and sees each response', async () => {
    const app = Fastify({ bodyLimit: 100 })
    app.addHook('onRequest', async (request) => {
      if (request.headers['x-refuse'] !== undefined) throw Object.assign(new Error('refused'), { statusCode: 403 })
    })
    app.addHook('onSend', async (_request, reply) => void reply.header('x-seen', 'yes'))
    app.register(kindeBilling(options))
    const url = await serve(app)
    const refused = await fetch(url + path, { method: 'POST', headers: { 'x-refuse': '1' }, body: await token() })
    expect([refused.status, await refused.json()]).toEqual([403, expect.objectContaining({ message: 'refused' })])
    const { status, headers } = await deliver(url + path, await token())
    expect([status, headers.get('x-seen'), headers.get('content-type')]).toEqual([200, 'yes', 'application/json'])
  })

  it('gives handlers its request and reply', async () => {
    const seen: [BillingEvent['type'], string, boolean][] = []
    const app = Fastify({ genReqId: () => 'request-7' })
    const onEvent = ({ type }: BillingEvent, { context }: { context: KindeBillingContext }) =>
      seen.push([type, context.request.id, context.reply.request === context.request])
    app.register(kindeBilling({ ...options, onEvent }))
    await deliver((await serve(app)) + path, await token())
    expect(seen).toEqual([['customer.payment_failed', 'request-7', true]])
  })

  it('accepts an injected request', async () => {
    const app = Fastify()
    app.register(kindeBilling({ ...options, onOutcome: () => {} }))
    const send = (method: 'POST' | 'PUT', payload: string) => app.inject({ method, url: path, payload })
    for (const answer of [await send('POST', await token()), await send('PUT', 'x')])
      expect(answer.headers['connection']).toBe('keep-alive')
    expect((await send('POST', await token())).json()).toEqual({ status: 'processed' })
  })

  it('works over HTTP/2', async () => {
    const app = Fastify({ http2: true })
    app.register(kindeBilling({ ...options, onOutcome: () => {} }))
    const session = connect(await serve(app))
    const post = async (body: string) => {
      const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/jwt' })
      stream.end(body).setEncoding('utf8')
      let text = ''
      for await (const chunk of stream) text += chunk
      return text
    }
    expect(await post(await token())).toBe('{"status":"processed"}')
    expect(await post('a.b.c')).toBe('{"error":"unauthorized"}')
    session.close()
  })
})

describe('a handler that sends its own response', () => {
  const answering = async (respond: (context: KindeBillingContext) => unknown) => {
    const app = Fastify()
    app.register(kindeBilling({ ...options, onEvent: (_event, { context }) => void respond(context) }))
    const url = await serve(app)
    await deliver(url + path, await token())
    return deliver(url + path, await token())
  }

  it('can use the reply', async () => {
    expect(await answering(({ reply }) => reply.code(202).send('mine'))).toMatchObject({ status: 202, body: 'mine' })
  })

  it('can use the raw response, and end it later', async () => {
    const answer = await answering(({ reply }) => {
      reply.raw.writeHead(202).flushHeaders()
      setImmediate(() => reply.raw.end('mine'))
    })
    expect(answer).toMatchObject({ status: 202, body: 'mine' })
  })
})

it('names the fix for Fastify if a hook has consumed the body', async () => {
  const reasons: (string | undefined)[] = []
  const app = Fastify()
  app.addHook('preParsing', (_request, _reply, payload, done) => {
    payload.on('end', () => done(null, payload)).resume()
  })
  app.register(kindeBilling({ ...options, onOutcome: ({ error }) => reasons.push(error?.message) }))
  expect(await deliver((await serve(app)) + path, await token())).toMatchObject({ status: 500 })
  expect(reasons).toEqual([expect.stringContaining('request.rawBody (fastify-raw-body)')])
})

it('answers if a hook passes on a stream that is being read and never ends', async () => {
  const app = Fastify()
  app.addHook('preParsing', async (_request, _reply, payload) => {
    payload.resume()
    const taken = new PassThrough().resume()
    taken.end('x')
    return taken.destroy()
  })
  app.register(kindeBilling({ ...options, onOutcome: () => {} }))
  const headers = { 'content-type': 'application/jwt' }
  const { statusCode, body } = await app.inject({ method: 'POST', url: path, headers, payload: 'x' })
  expect([statusCode, body]).toEqual([500, '{"error":"body_already_parsed"}'])
})

it("keeps the application's own responses to errors", async () => {
  const app = Fastify()
  app.addHook('onSend', async (_request, reply) => {
    if (reply.statusCode === 200) throw new Error('not sent')
  })
  app.setErrorHandler((error, _request, reply) => reply.code(418).send({ mine: String(error) }))
  app.register(kindeBilling(options))
  const { status, body } = await deliver((await serve(app)) + path, await token())
  expect([status, body]).toEqual([418, { mine: 'Error: not sent' }])
})

it("writes its lines to Fastify's log, with the id of the request", async () => {
  const lines: { level: number; reqId?: string; code?: string; eventId?: string; msg: string }[] = []
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const app = Fastify({ logger: { level: 'warn', stream } })
  const error = vi.spyOn(console, 'error')
  const warn = vi.spyOn(console, 'warn')
  app.register(
    kindeBilling({
      ...options,
      onEvent: () => {
        throw new Error('the handler of this test')
      },
    }),
  )
  await deliver((await serve(app)) + path, await token())
  expect(lines).toMatchObject([
    { level: 50, reqId: expect.any(String), code: 'handler_failed', eventId: expect.any(String) },
  ])
  expect(lines[0]?.msg).toContain('the handler of this test')
  expect([error.mock.calls, warn.mock.calls]).toEqual([[], []])
})

it('writes its lines to the console if Fastify has no logger', async () => {
  const app = Fastify()
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  app.register(
    kindeBilling({
      ...options,
      onEvent: () => {
        throw new Error('a handler without a logger')
      },
    }),
  )
  await deliver((await serve(app)) + path, await token())
  expect(error.mock.calls.map(([line]) => String(line).split('\n').length > 1)).toEqual([true])
  expect(error.mock.calls[0]?.[0]).toContain('a handler without a logger')
})

it("writes its lines to an application's own logger, also if that has no level", async () => {
  const lines: string[] = []
  const logger = Object.assign(Object.create(console), {
    error: (_details: object, line: string) => lines.push(line),
    child: () => logger,
    ...{ info() {}, debug() {}, trace() {}, fatal() {}, warn() {} },
  })
  const app = Fastify({ loggerInstance: logger })
  app.register(kindeBilling({ ...options, onEvent: () => Promise.reject(new Error('down')) }))
  await deliver((await serve(app)) + path, await token())
  expect(lines).toEqual([expect.stringContaining('Cause: down')])
})

it('reads the bytes that a platform keeps on the raw request, as Cloud Functions do', async () => {
  const app = Fastify()
  app.addHook('onRequest', async (request) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of request.raw.iterator({ destroyOnReturn: false })) chunks.push(chunk)
    Object.assign(request.raw, { rawBody: Buffer.concat(chunks) })
  })
  app.register(kindeBilling(options))
  expect((await deliver((await serve(app)) + path, await token())).status).toBe(200)
})
