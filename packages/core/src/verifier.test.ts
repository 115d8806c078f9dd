import {
  codeOf,
  createClaims,
  createTestVerifier,
  issuer,
  NOW,
  rejectionOf,
  signClaims,
} from '@kinde-billing/test-support/test-verifier'
import { billingEventFixture } from '@kinde-billing/testing'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { BILLING_EVENT_TYPES, type BillingWarning, createBillingVerifier, verifyAndParse } from './index.js'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('verifyAndParse', () => {
  it.each(BILLING_EVENT_TYPES)('returns %s, in both dialects', async (type) => {
    for (const dialect of ['flat', 'nested'] as const) {
      const fixture = billingEventFixture(type, { timestamp: new Date(NOW).toISOString() }, { dialect })
      const event = await createTestVerifier().verifyAndParse(await issuer.sign(fixture))
      expect(event).toMatchObject({ type, id: fixture.event_id, timestamp: new Date(NOW), data: fixture.data })
      expect(event.claims).toEqual(fixture)
      expect(event.customer.id).toMatch(/^customer_/)
    }
  })

  it('uses keys that the issuer serves, fetched once', async () => {
    const served = await startTestIssuer()
    const verifier = createBillingVerifier({ issuer: served.issuer })
    const token = await served.sign(billingEventFixture('customer.payment_failed'))
    await expect(verifier.verifyAndParse(token)).resolves.toMatchObject({ type: 'customer.payment_failed' })
    await expect(verifyAndParse(token, { issuer: `${served.issuer}/\n` })).resolves.toMatchObject({ source: 'admin' })
    expect(served.requests).toBe(1)
    await served.close()
  })

  it('goes by the options of its own call, whatever those of the call before were', async () => {
    const [served, other] = await Promise.all([startTestIssuer(), startTestIssuer()])
    const token = await served.sign(billingEventFixture('customer.payment_failed'))
    const { issuer } = served
    const codeFor = (options: object) =>
      verifyAndParse(token, options as { issuer: string }).then(
        () => undefined,
        ({ code }) => code,
      )
    const changing = { issuer }
    expect(await codeFor(changing)).toBeUndefined()
    changing.issuer = other.issuer
    expect(await codeFor(changing)).toBe('unknown_key')
    expect(await codeFor(Object.create({ issuer }))).toBeUndefined()
    for (const options of [{}, undefined, null, [], { issuer, kid: undefined }, { issuer, nwo: 1 }]) {
      expect(await codeFor({ issuer })).toBeUndefined()
      expect(await codeFor(options as object)).toBe('invalid_configuration')
    }
    expect(await codeFor({ issuer, maxTokenBytes: 10 })).toBe('payload_too_large')
    expect(await codeFor({ issuer, now: () => 0 })).toBe('timestamp_out_of_range')
    expect(await codeFor({ issuer, now: () => Date.now() })).toBeUndefined()
    const keys = { maxAgeMs: 60_000 }
    expect(await codeFor({ issuer, keys })).toBeUndefined()
    keys.maxAgeMs = -1
    expect(await codeFor({ issuer, keys })).toBe('invalid_configuration')
    await Promise.all([served.close(), other.close()])
  })
})

describe('verifyRequest', () => {
  const post = (body: string | null) => new Request('https://app.test', { method: 'POST', body })
  const refuse = async (request: Request, options = {}) =>
    (await rejectionOf(createTestVerifier(options).verifyRequest(request))).code

  it('reads a Web Request', async () => {
    await expect(createTestVerifier().verifyRequest(post(await signClaims()))).resolves.toMatchObject({
      type: 'customer.plan_changed',
    })
  })

  it.each([undefined, 'a.b.c', { method: 'POST', headers: {}, url: '/' }])(
    'names the fix for something else than a Web Request (%#)',
    async (request) => {
      expect(await rejectionOf(createTestVerifier().verifyRequest(request as never))).toMatchObject({
        code: 'invalid_configuration',
        message: expect.stringMatching(/not the Web's Request.* or pass the bytes of the body to verifyAndParse/),
      })
    },
  )

  it('refuses one that was read, is too large or is empty', async () => {
    const read = post(await signClaims())
    await read.text()
    expect(await refuse(read)).toBe('body_already_parsed')
    expect(await refuse(post(await signClaims()), { maxTokenBytes: 100 })).toBe('payload_too_large')
    expect(await refuse(post(null))).toBe('malformed_token')
  })
})

describe('the clock and fetch', () => {
  it('are looked up at each use: fake timers that are set later are seen', async () => {
    const verifier = createBillingVerifier({ issuer: issuer.issuer, jwks: issuer.jwks })
    const token = await signClaims()
    vi.useFakeTimers({ now: NOW })
    expect((await verifier.safeVerifyAndParse(token)).ok).toBe(true)
    vi.setSystemTime(NOW + 73 * 3_600_000)
    expect(await verifier.safeVerifyAndParse(token)).toMatchObject({ error: { code: 'timestamp_out_of_range' } })
  })

  it('are looked up at each use: a global fetch that is replaced later is seen', async () => {
    const verifier = createBillingVerifier({ issuer: 'https://late-fetch.kinde.com', now: () => NOW })
    const urls: unknown[] = []
    vi.stubGlobal('fetch', async (url: unknown) => {
      urls.push(url)
      return Response.json(issuer.jwks)
    })
    expect((await verifier.safeVerifyAndParse(await signClaims())).ok).toBe(true)
    expect(urls).toEqual(['https://late-fetch.kinde.com/.well-known/jwks'])
  })
})

describe('onWarning', () => {
  it('is called once per type that names no customer', async () => {
    const warnings: BillingWarning[] = []
    const verifier = createTestVerifier({ onWarning: (warning) => warnings.push(warning) })
    for (const type of ['customer.plan_changed', 'customer.plan_changed', 'customer.payment_failed'])
      await verifier.verifyAndParse(await signClaims({ type, data: { clientele: 'c' } }))
    for (const data of [{ customer_id: 'customer_1' }, { user_id: 'kp_1' }, { org_code: 'org_1' }])
      await verifier.verifyAndParse(await signClaims({ type: 'customer.plan_assigned', data }))
    expect(warnings).toEqual(
      ['customer.plan_changed', 'customer.payment_failed'].map((type) => ({
        code: 'customer_not_found',
        message: `${type} names no customer where one is expected: Kinde may have changed the shape of data. Look at event.data.`,
      })),
    )
  })

  it.each([
    () => Promise.reject(new Error('x')),
    () => {
      throw new Error('x')
    },
  ])('does not affect the delivery if it throws or rejects (%#)', async (onWarning) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(await codeOf(await issuer.sign(createClaims({ data: {} })), { onWarning })).toBe('ok')
    log.mockRestore()
  })
})

// A rejection that is not handled would end the process.
const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => unhandled.push(reason))
afterAll(() => expect(unhandled).toEqual([]))
