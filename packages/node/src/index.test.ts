import { Agent, createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import { KindeWebhookError } from '@kinde-billing/core'
import { billingEventFixture, createTestIssuer, deliver } from '@kinde-billing/testing'
import { listen } from '@kinde-billing/testing/conformance'
import express, { type RequestHandler } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { type KindeBillingContext, kindeBilling } from './index.js'

const { issuer, jwks, sign } = await createTestIssuer()
const token = () => sign(billingEventFixture('customer.payment_failed'))

const closers: (() => unknown)[] = []
afterEach(() => Promise.all(closers.splice(0).map((close) => close())))

async function serve(listener: RequestListener): Promise<string> {
  const { url, close } = await listen(createServer(listener))
  closers.push(close)
  return url
}

describe('kindeBilling on node:http', () => {
  it('validates its options when it is called', () => {
    expect(() => kindeBilling({ issuer: 'acme.kinde.com' })).toThrow(KindeWebhookError)
    expect(() => kindeBilling({ issuer: 'acme.kinde.com' })).toThrow(/issuer is "acme.kinde.com": pass a URL/)
  })

  it.each([
    ["a Web's Request", [new Request('https://app.example/', { method: 'POST', body: 'x' })]],
    ["Koa's context", [{ req: {}, res: {} }, async () => {}]],
  ])('names the fix if it is called with %s', async (_, args) => {
    const handle: (...args: never[]) => Promise<void> = kindeBilling({ issuer, jwks, onEvent: () => {} })
    await expect(handle(...(args as never[]))).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringMatching(/In Koa pass ctx\.req and ctx\.res; .* use createWebHandler/),
    })
  })

  it('gives handlers the request and the response', async () => {
    const contexts: KindeBillingContext[] = []
    const url = await serve(kindeBilling({ issuer, jwks, onEvent: (_event, { context }) => contexts.push(context) }))
    expect(await deliver(`${url}webhooks?tenant=acme`, await token())).toMatchObject({ status: 200 })
    expect(contexts.map(({ req, res }) => [req.url, res.req === req])).toEqual([['/webhooks?tenant=acme', true]])
  })

  it('calls an issuer function with the request', async () => {
    const issuers: Record<string, string> = { '/a': 'https://a.kinde.com', '/b': 'https://b.kinde.com' }
    const asked: string[] = []
    const url = await serve(
      kindeBilling({
        issuer: ({ req }) => issuers[req.url ?? ''] ?? '',
        fetch: async (keySetUrl) => {
          asked.push(keySetUrl)
          return Response.json(jwks)
        },
        onEvent: () => {},
        onOutcome: () => {},
      }),
    )
    expect((await deliver(`${url}a`, await token())).status).toBe(200)
    expect((await deliver(`${url}b`, await token())).status).toBe(200)
    expect((await deliver(`${url}c`, await token())).status).toBe(500)
    expect(asked).toEqual(['https://a.kinde.com/.well-known/jwks', 'https://b.kinde.com/.well-known/jwks'])
  })

  it('sends a length, and keeps the connection of a fully read request', async () => {
    const sockets = new Set<unknown>()
    const handle = kindeBilling({ issuer, jwks, onEvent: () => {}, onOutcome: () => {} })
    const url = await serve((req, res) => {
      sockets.add(req.socket)
      return handle(req, res)
    })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    closers.push(() => agent.destroy())
    for (const body of [await token(), 'forged', await token()]) {
      const { headers } = await post(url, body, agent)
      expect(headers['transfer-encoding']).toBeUndefined()
      expect(Number(headers['content-length'])).toBeGreaterThan(0)
    }
    expect(sockets.size).toBe(1)
  })

  it.each<[string, (context: KindeBillingContext) => unknown]>([
    ['ended', ({ res }) => res.writeHead(202).end('mine')],
    [
      'begun and ends later',
      ({ res }) => {
        res.writeHead(202).flushHeaders()
        setImmediate(() => res.end('mine'))
      },
    ],
  ])('leaves an answer alone that a handler has %s', async (_, respond) => {
    const url = await serve(kindeBilling({ issuer, jwks, onEvent: (_event, { context }) => respond(context) }))
    expect(await deliver(url, await token())).toMatchObject({ status: 202, body: 'mine' })
    expect(await deliver(url, await token())).toMatchObject({ status: 202, body: 'mine' })
  })
})

describe('kindeBilling in Express', () => {
  const type = () => true

  const withParser = async (...parsers: RequestHandler[]) => {
    const reasons: (string | undefined)[] = []
    const app = express()
    app.use(...parsers)
    app.post(
      '/',
      kindeBilling({ issuer, jwks, onEvent: () => {}, onOutcome: ({ error }) => reasons.push(error?.message) }),
    )
    return { url: await serve(app), reasons }
  }

  it('names the fix for Express if a parser has consumed the body', async () => {
    const { url, reasons } = await withParser(express.urlencoded({ type }))
    expect(await deliver(url, await token())).toMatchObject({ status: 500, body: { error: 'body_already_parsed' } })
    expect(reasons).toEqual([expect.stringMatching(/before express\.json\(\).*express\.raw/)])
  })

  it('verifies the bytes that the verify option of a parser has kept, whatever the parser made of them', async () => {
    const keep: Parameters<typeof express.json>[0] = {
      type,
      strict: false,
      verify: (req, _res, bytes) => void Object.assign(req, { rawBody: bytes }),
    }
    const { url } = await withParser(express.json(keep))
    expect(await deliver(url, JSON.stringify(await token()))).toMatchObject({ status: 401 })
    const text = await withParser(express.text({ ...keep, defaultCharset: 'latin1' }))
    expect(await deliver(text.url, await token())).toMatchObject({ status: 200, body: { status: 'processed' } })
  })

  it('verifies bytes that a platform keeps as an ArrayBuffer', async () => {
    const verify = (req: object, _res: unknown, bytes: Buffer) =>
      void Object.assign(req, { rawBody: Uint8Array.from(bytes).buffer })
    const { url } = await withParser(express.text({ type, verify, defaultCharset: 'utf-16le' }))
    expect((await deliver(url, await token())).status).toBe(200)
  })

  it.each([undefined, '1'])('refuses a quoted token that a JSON parser has unwrapped, chunked: %s', async (chunked) => {
    const { url } = await withParser(express.json({ type, strict: false }))
    const headers = { 'content-type': 'application/json', ...(chunked && { 'transfer-encoding': 'chunked' }) }
    const response = await post(url, JSON.stringify(await token()), undefined, headers)
    expect(response.statusCode).toBe(500)
  })

  it.each([
    ['text', express.text({ type })],
    ['bytes', express.raw({ type })],
  ])('accepts %s of a body that was sent without a length', async (_, parser) => {
    const { url } = await withParser(parser)
    expect((await post(url, await token(), undefined, { 'transfer-encoding': 'chunked' })).statusCode).toBe(200)
  })

  it('refuses text from which a decoder has dropped a byte order mark', async () => {
    const { url } = await withParser(express.text({ type }))
    expect(await deliver(url, `\uFEFF${await token()}`)).toMatchObject({ status: 500 })
  })

  it('lets Express refuse a body that its parser cannot parse', async () => {
    const { url, reasons } = await withParser(express.json({ type }))
    expect((await deliver(url, await token())).status).toBe(400)
    expect(reasons).toEqual([])
  })
})

function post(
  url: string,
  body: string,
  agent?: Agent,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      headers: { 'content-type': 'application/jwt', ...headers },
      ...(agent && { agent }),
    }
    httpRequest(url, options, (answer) => answer.on('end', () => resolve(answer)).resume())
      .on('error', reject)
      .end(body)
  })
}
