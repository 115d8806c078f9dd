import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { KindeWebhookError } from '@kinde-billing/core'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { listen } from '@kinde-billing/testing/conformance'
import { type Context, Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { kindeBilling } from './index.js'

type AppEnv = { Bindings: { KINDE_ISSUER_URL: string }; Variables: { tenant: string } }

const { issuer, jwks, sign } = await createTestIssuer()
const path = '/webhooks/kinde'
const delivery = async (): Promise<RequestInit> => ({
  method: 'POST',
  headers: { 'content-type': 'application/jwt' },
  body: await sign(billingEventFixture('customer.plan_assigned')),
})

/** A body that means something else than its bytes, as an encrypting proxy would send it. */
const disguise = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes, (byte) => byte ^ 1)

describe('kindeBilling on @hono/node-server, behind a middleware that replaces the request', () => {
  const inPlace = {
    'by app.request() from another route': (app: Hono) => {
      app.post('/other', async (c) => app.request(path, await delivery(), c.env))
    },
    'by a middleware, with a body of its own': (app: Hono) => {
      app.use('/other', async (c, next) => {
        c.req.raw = new Request(c.req.url, await delivery())
        await next()
      })
    },
    'by a middleware, whose body comes from the one that came': (app: Hono) => {
      app.use('/other', async (c, next) => {
        const plain = new TransformStream<Uint8Array, Uint8Array>({
          transform: (chunk, controller) => controller.enqueue(disguise(chunk)),
        })
        const body = c.req.raw.body?.pipeThrough(plain) ?? null
        c.req.raw = new Request(c.req.url, { method: 'POST', body, ...{ duplex: 'half' } })
        await next()
      })
    },
  }
  it.each(Object.entries(inPlace))('verifies the body of %s', async (_, prepare) => {
    const app = new Hono()
    const handle = kindeBilling({ issuer, jwks, onEvent: () => {}, onOutcome: () => {} })
    app.post(path, handle)
    prepare(app)
    app.post('/other', handle)
    const server = await listen(createAdaptorServer({ fetch: app.fetch }) as Server, '/other')
    const body = disguise(new TextEncoder().encode(String((await delivery()).body)))
    expect((await fetch(server.url, { method: 'POST', body })).status).toBe(200)
    await server.close()
  })
})

describe('kindeBilling on Hono', () => {
  it('validates its options when it is called', () => {
    expect(() => kindeBilling({ issuer: 'acme.kinde.com' })).toThrow(KindeWebhookError)
  })

  it("takes the issuer from Workers' bindings, and keeps tenants apart", async () => {
    const asked: string[] = []
    const app = new Hono<AppEnv>()
    app.post(
      path,
      kindeBilling({
        issuer: (c: Context<AppEnv>) => c.env.KINDE_ISSUER_URL,
        fetch: async (url) => {
          asked.push(url)
          return Response.json(url.startsWith('https://acme.') ? jwks : (await createTestIssuer()).jwks)
        },
        onEvent: () => {},
        onOutcome: () => {},
      }),
    )
    const statusFor = async (KINDE_ISSUER_URL: string) =>
      (await app.request(path, await delivery(), { KINDE_ISSUER_URL })).status
    expect(await statusFor('https://acme.kinde.com')).toBe(200)
    expect(await statusFor('https://other.kinde.com')).toBe(401)
    expect(await statusFor('https://acme.kinde.com')).toBe(200)
    expect(asked).toEqual(['https://acme.kinde.com/.well-known/jwks', 'https://other.kinde.com/.well-known/jwks'])
  })

  it('answers 500 for a missing binding, and names it', async () => {
    const reasons: unknown[] = []
    const app = new Hono<AppEnv>()
    const onOutcome = ({ error }: { error?: Error | undefined }) => reasons.push(error?.message)
    app.post(path, kindeBilling<AppEnv>({ issuer: (c) => c.env.KINDE_ISSUER_URL, on: {}, log: false, onOutcome }))
    const answer = await app.request(path, await delivery(), {})
    expect([answer.status, await answer.json()]).toEqual([500, { error: 'invalid_configuration' }])
    expect(reasons).toEqual([expect.stringContaining('issuer is undefined')])
  })

  it("gives handlers the application's own context", async () => {
    const tenants: string[] = []
    const billing = new Hono<AppEnv>().basePath('/api')
    billing.use(async (c, next) => {
      c.set('tenant', c.req.param('tenant') ?? '')
      await next()
    })
    billing.post(
      '/:tenant/kinde',
      kindeBilling({
        issuer: (c: Context<AppEnv>) => c.env.KINDE_ISSUER_URL,
        fetch: async () => Response.json(jwks),
        on: { 'customer.plan_assigned': (_event, { context }) => tenants.push(context.req.param('tenant') ?? '') },
      }),
    )
    const app = new Hono<AppEnv>().route('/v1', billing)
    const answer = await app.request('/v1/api/acme/kinde', await delivery(), { KINDE_ISSUER_URL: issuer })
    expect([answer.status, tenants]).toEqual([200, ['acme']])
  })

  it('keeps the headers that a middleware sets, before and after, and no status', async () => {
    const app = new Hono()
    app.use(async (c, next) => {
      c.header('x-before', 'yes')
      c.header('content-type', 'text/html')
      c.status(418)
      await next()
      c.header('x-after', 'yes')
    })
    app.post(path, kindeBilling({ issuer, jwks, onEvent: () => {} }))
    const { status, headers } = await app.request(path, await delivery())
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json'])
    expect([headers.get('x-before'), headers.get('x-after')]).toEqual(['yes', 'yes'])
  })

  it('names the fix for Hono if a middleware has consumed the body', async () => {
    const reasons: unknown[] = []
    const app = new Hono()
    app.use(async (c, next) => {
      await c.req.raw.text()
      await next()
    })
    app.post(path, kindeBilling({ issuer, jwks, on: {}, onOutcome: ({ error }) => reasons.push(error?.message) }))
    expect((await app.request(path, await delivery())).status).toBe(500)
    expect(reasons).toEqual([expect.stringContaining('c.req.text() or c.req.arrayBuffer()')])
  })

  it('answers 400 if reading the body has failed', async () => {
    const app = new Hono()
    app.use(async (c, next) => {
      await c.req.text().catch(() => {})
      await next()
    })
    app.post(path, kindeBilling({ issuer, jwks, on: {}, log: false }))
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })
    const answer = await app.request(path, { method: 'POST', body, ...{ duplex: 'half' } })
    expect([answer.status, await answer.json()]).toEqual([400, { error: 'body_unreadable' }])
  })
})

it('names the fix if it is called without a context of Hono', async () => {
  const handle: (...args: never[]) => unknown = kindeBilling({ issuer, jwks, onEvent: () => {} })
  await expect(handle(new Request('https://app.example/') as never)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('Mount it on a route'),
  })
})
