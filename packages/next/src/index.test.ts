import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { NextRequest } from 'next/server'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type KindeBillingContext, kindeBilling } from './index.js'

const { issuer, jwks, sign } = await createTestIssuer()
const delivery = async (): Promise<NextRequest> =>
  new NextRequest('https://shop.example/api/webhooks/kinde', {
    method: 'POST',
    headers: { 'content-type': 'application/jwt' },
    body: await sign(billingEventFixture('customer.plan_changed')),
  })

describe('kindeBilling in a route of the App Router', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })

  it('validates its options at each request until the environment is set', async () => {
    vi.stubEnv('KINDE_ISSUER_URL', undefined)
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const POST = kindeBilling({ jwks, onEvent: () => {} })
    const refused = await POST(await delivery())
    expect([refused.status, await refused.json()]).toEqual([500, { error: 'invalid_configuration' }])
    expect(error).toHaveBeenCalledWith(expect.stringContaining('set KINDE_ISSUER_URL in the environment'))
    vi.stubEnv('KINDE_ISSUER_URL', issuer)
    expect((await POST(await delivery())).status).toBe(200)
  })

  it('keeps its receiver, with its inbox, from the first request on', async () => {
    const POST = kindeBilling({ issuer, jwks, onEvent: () => {} })
    const request = await delivery()
    const again = request.clone()
    expect(await (await POST(request)).json()).toEqual({ status: 'processed' })
    expect(await (await POST(new NextRequest(again))).json()).toEqual({ status: 'duplicate' })
  })

  it("gives handlers Next's request, and the parameters of the path", async () => {
    const contexts: KindeBillingContext[] = []
    const POST = kindeBilling({ issuer, jwks, onEvent: (_event, { context }) => contexts.push(context) })
    const request = await delivery()
    await POST(request, { params: Promise.resolve({ tenant: 'acme', rest: ['a', 'b'] }) })
    await POST(await delivery())
    expect(contexts[0]?.request.nextUrl.pathname).toBe('/api/webhooks/kinde')
    expect(contexts[0]?.request).toBe(request)
    expect(await contexts[0]?.params).toEqual({ tenant: 'acme', rest: ['a', 'b'] })
    expect(await contexts[1]?.params).toEqual({})
  })

  it('refuses a request whose body has been read', async () => {
    const POST = kindeBilling({ issuer, jwks, onEvent: () => {}, onOutcome: () => {} })
    const request = await delivery()
    await request.text()
    expect(await (await POST(request)).json()).toEqual({ error: 'body_already_parsed' })
  })
})
