import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { DeliveryOutcome } from './options.js'
import { createLazyWebHandler, createWebHandler } from './web.js'

const { issuer, jwks, sign } = await createTestIssuer()
const URL = 'https://shop.example/webhooks/kinde'
const token = () => sign(billingEventFixture('customer.payment_succeeded'))
const post = (body: BodyInit | null, init: RequestInit = {}) => new Request(URL, { method: 'POST', body, ...init })

describe('createWebHandler', () => {
  it('answers with a Response, to the letter', async () => {
    const handle = createWebHandler({ issuer, jwks, onEvent: () => {}, onOutcome: () => {} })
    const read = async (response: Response) => [response.status, [...response.headers], await response.text()]
    const json = ['content-type', 'application/json']
    expect(await read(await handle(post(await token())))).toEqual([200, [json], '{"status":"processed"}'])
    expect(await read(await handle(new Request(URL)))).toEqual([
      405,
      [['allow', 'POST'], json],
      '{"error":"method_not_allowed"}',
    ])
    expect(await read(await handle(post('a.b.c')))).toEqual([401, [json], '{"error":"unauthorized"}'])
  })

  it.each<[string, (text: string) => BodyInit]>([
    ['text', (text) => text],
    ['bytes', (text) => new TextEncoder().encode(text)],
    ['a Blob', (text) => new Blob([text])],
    ['a stream', (text) => new Blob([text]).stream()],
  ])('reads a body of %s', async (_, bodyOf) => {
    const handle = createWebHandler({ issuer, jwks, onEvent: () => {} })
    const request = post(bodyOf(await token()), { duplex: 'half' } as RequestInit)
    expect((await handle(request)).status).toBe(200)
  })

  it('answers a request without a body', async () => {
    const handle = createWebHandler({ issuer, jwks, onOutcome: () => {} })
    expect((await handle(post(null))).status).toBe(401)
  })

  it('hands the context on', async () => {
    const seen: string[] = []
    const handle = createWebHandler({
      issuer: (env: { KINDE_ISSUER_URL: string }) => env.KINDE_ISSUER_URL,
      fetch: async () => Response.json(jwks),
      onEvent: (_event, { context }) => seen.push(context.KINDE_ISSUER_URL),
    })
    expect((await handle(post(await token()), { KINDE_ISSUER_URL: issuer })).status).toBe(200)
    expect(seen).toEqual([issuer])
  })

  it.each<[string, (request: Request) => unknown]>([
    ['has been read', (request) => request.text()],
    ['is being read', (request) => request.body?.getReader()],
    ['has been begun', (request) => request.body?.getReader().read()],
  ])('does not believe a request whose body %s', async (_, consume) => {
    const outcomes: DeliveryOutcome[] = []
    const handle = createWebHandler({ issuer, jwks, onEvent: () => {}, onOutcome: (outcome) => outcomes.push(outcome) })
    const request = post(await token())
    await consume(request)
    expect((await handle(request)).status).toBe(500)
    expect(outcomes.map(({ error }) => error?.message)).toEqual([expect.stringMatching(/a clone made before/)])
  })

  it('reads a request of which a clone has been read', async () => {
    const handle = createWebHandler({ issuer, jwks, onEvent: () => {} })
    const request = post(await token())
    await request.clone().text()
    expect((await handle(request)).status).toBe(200)
  })
})

describe('createLazyWebHandler', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })

  it('judges its options at each request until they are right, and then no more', async () => {
    vi.stubEnv('KINDE_ISSUER_URL', '')
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const handle = createLazyWebHandler<undefined>({ jwks, onEvent: () => {} })
    const delivery = await token()
    expect((await handle(post(delivery), undefined)).status).toBe(500)
    expect(log).toHaveBeenCalledWith(
      expect.stringMatching(/invalid_configuration \(500\): .*https:\/\/acme\.kinde\.com/),
    )
    vi.stubEnv('KINDE_ISSUER_URL', issuer)
    expect(await (await handle(post(delivery), undefined)).json()).toEqual({ status: 'processed' })
    vi.stubEnv('KINDE_ISSUER_URL', '')
    expect(await (await handle(post(delivery), undefined)).json()).toEqual({ status: 'duplicate' })
  })
})
