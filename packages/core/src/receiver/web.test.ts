import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { DeliveryOutcome } from './options.js'
import { createLazyWebHandler, createWebHandler } from './web.js'

const { issuer, jwks, sign } = await createTestIssuer()
const URL = 'https://shop.example/webhooks/kinde'
const token = () => sign(billingEventFixture('customer.payment_succeeded'))
const post = (body: BodyInit | null, init: RequestInit = {}) => new Request(URL, { method: 'POST', body, ...init })

describe('createWebHandler', () => {
  it('answers with a Response', async () => {
    const handle = createWebHandler({ issuer, jwks, log: false, onEvent: () => {} })
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

  it.each<{ form: string; toBody: (text: string) => BodyInit }>([
    { form: 'text', toBody: (text) => text },
    { form: 'bytes', toBody: (text) => new TextEncoder().encode(text) },
    { form: 'a Blob', toBody: (text) => new Blob([text]) },
    { form: 'a stream', toBody: (text) => new Blob([text]).stream() },
  ])('reads a body of $form', async ({ toBody }) => {
    const handle = createWebHandler({ issuer, jwks, onEvent: () => {} })
    const request = post(toBody(await token()), { duplex: 'half' } as RequestInit)
    expect((await handle(request)).status).toBe(200)
  })

  it.each([undefined, { method: 'POST', headers: {}, url: '/' }, [{}, {}]])(
    'names the adapter to use if it is called with something else than a Request (%#)',
    async (request) => {
      const lines: string[] = []
      const log = { warn() {}, error: (line: string) => lines.push(line) }
      const handlers = [createWebHandler, createLazyWebHandler<unknown>]
      for (const create of handlers)
        expect((await create({ issuer, jwks, log, onEvent: () => {} })(request as never, undefined)).status).toBe(500)
      expect(lines).toHaveLength(2)
      for (const line of lines)
        expect(line).toMatch(/invalid_configuration .* use kindeBilling of @kinde-billing\/node/)
    },
  )

  it('handles a delivery with every timer faked, before and after it is created', async () => {
    const before = createWebHandler({ issuer, jwks, onEvent: () => {} })
    vi.useFakeTimers({ now: Date.now() + 1e10 })
    try {
      const after = createWebHandler({ issuer, jwks, onEvent: () => {} })
      for (const handle of [before, after]) expect((await handle(post(await token()))).status).toBe(200)
    } finally {
      vi.useRealTimers()
    }
  })

  it('answers a request without a body', async () => {
    const handle = createWebHandler({ issuer, jwks, log: false, onEvent: () => {} })
    expect((await handle(post(null))).status).toBe(401)
  })

  it('passes the context on', async () => {
    const seen: string[] = []
    const handle = createWebHandler({
      issuer: (env: { KINDE_ISSUER_URL: string }) => env.KINDE_ISSUER_URL,
      fetch: async () => Response.json(jwks),
      onEvent: (_event, { context }) => seen.push(context.KINDE_ISSUER_URL),
    })
    expect((await handle(post(await token()), { KINDE_ISSUER_URL: issuer })).status).toBe(200)
    expect(seen).toEqual([issuer])
  })

  it.each<{ name: string; consume: (request: Request) => unknown }>([
    { name: 'has been read', consume: (request) => request.text() },
    { name: 'is being read', consume: (request) => request.body?.getReader() },
    { name: 'has been read in part', consume: (request) => request.body?.getReader().read() },
  ])('refuses a request whose body $name', async ({ consume }) => {
    const outcomes: DeliveryOutcome[] = []
    const handle = createWebHandler({
      issuer,
      jwks,
      log: false,
      onEvent: () => {},
      onOutcome: (outcome) => outcomes.push(outcome),
    })
    const request = post(await token())
    await consume(request)
    expect((await handle(request)).status).toBe(500)
    expect(outcomes.map(({ error }) => error?.message)).toEqual([
      expect.stringMatching(/has not been read, or a clone that was made before\.$/),
    ])
  })

  it('reads a request of which a clone has been read', async () => {
    const handle = createWebHandler({ issuer, jwks, onEvent: () => {} })
    const request = post(await token())
    await request.clone().text()
    expect((await handle(request)).status).toBe(200)
  })
})

describe('createLazyWebHandler', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('validates its options at each request until they are right, and then no more', async () => {
    vi.stubEnv('KINDE_ISSUER_URL', '')
    const handle = createLazyWebHandler<undefined>({ jwks, log: false, onEvent: () => {} })
    const delivery = await token()
    expect((await handle(post(delivery), undefined)).status).toBe(500)
    vi.stubEnv('KINDE_ISSUER_URL', issuer)
    expect(await (await handle(post(delivery), undefined)).json()).toEqual({ status: 'processed' })
    vi.stubEnv('KINDE_ISSUER_URL', '')
    expect(await (await handle(post(delivery), undefined)).json()).toEqual({ status: 'duplicate' })
  })

  it('reports a misconfiguration to onOutcome, with the context', async () => {
    vi.stubEnv('KINDE_ISSUER_URL', '')
    const reports: unknown[] = []
    const handle = createLazyWebHandler<string>({
      log: false,
      onEvent: () => {},
      onOutcome: ({ outcome, status, error }, { context, webhookId }) =>
        reports.push({ outcome, status, message: error?.message, context, webhookId }),
    })
    const response = await handle(post('x'), 'context')
    expect([response.status, await response.json()]).toEqual([500, { error: 'invalid_configuration' }])
    expect(reports).toEqual([
      {
        outcome: 'invalid_configuration',
        status: 500,
        message: expect.stringMatching(/^KINDE_ISSUER_URL is "": pass a URL such as https:\/\/acme\.kinde\.com/),
        context: 'context',
        webhookId: undefined,
      },
    ])
  })

  it.each([undefined, null, { onOutcome: 5, log: false }, { onEvents: () => {}, log: false }])(
    'answers 500 for options that are not options (%#)',
    async (options) => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => {})
      expect((await createLazyWebHandler(options as never)(post('x'), undefined)).status).toBe(500)
      log.mockRestore()
    },
  )
})
