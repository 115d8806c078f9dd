import { inspect } from 'node:util'
import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import nodeFetch from 'node-fetch'
import { Agent, fetch as undiciFetch } from 'undici'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createManagementClient, type KindeManagementError, type ManagementClientOptions } from './index.js'

let kinde: TestManagementApi

beforeEach(async () => {
  kinde = await startTestManagementApi({
    users: [{ id: 'kp_1', billing: { customer_id: 'customer_1' } }],
    agreements: { customer_1: [] },
    events: [],
  })
})
afterEach(() => kinde.close())

const createClient = (options: ManagementClientOptions = {}) =>
  createManagementClient({ ...kinde.credentials, ...options })

async function failureOf(call: Promise<unknown>): Promise<KindeManagementError> {
  return call.then(
    (value) => expect.fail(`resolved with ${JSON.stringify(value)}`),
    (error) => error,
  )
}

describe('the fetch option', () => {
  const dispatcher = new Agent()
  it.each<{ name: string; fetch: ManagementClientOptions['fetch'] }>([
    { name: 'undici', fetch: undiciFetch },
    { name: 'undici with a dispatcher', fetch: (url, init) => undiciFetch(url, { ...init, dispatcher }) },
    { name: 'node-fetch', fetch: nodeFetch },
  ])('sends requests with bodies, and obeys RateLimit-Reset, through $name', async ({ fetch }) => {
    const client = createClient({ fetch })
    kinde.failNext({ status: 429, resetSeconds: 0 }, { on: 'GET /api/v1/webhooks' })
    await client.webhooks.ensure({ endpoint: 'https://app.example/webhooks/kinde' })
    expect(kinde.tenant.webhooks).toMatchObject([{ endpoint: 'https://app.example/webhooks/kinde' }])
  })
})

describe('the token', () => {
  it('is shared by concurrent calls and by later ones', async () => {
    const client = createClient()
    await Promise.all(Array.from({ length: 20 }, () => client.webhooks.list()))
    await client.eventTypes()
    expect(kinde.tokensIssued).toBe(1)
  })

  it('is replaced shortly before it expires', async () => {
    let now = Date.now()
    const client = createClient({ now: () => now })
    await client.webhooks.list()
    now += 3600_000 - 61_000
    await client.webhooks.list()
    expect(kinde.tokensIssued).toBe(1)
    now += 2_000
    await client.webhooks.list()
    expect(kinde.tokensIssued).toBe(2)
  })

  it('expires by a clock that is faked after the client was created', async () => {
    const client = createClient()
    await client.webhooks.list()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3600_000 - 30_000 })
    try {
      await client.webhooks.list()
    } finally {
      vi.useRealTimers()
    }
    expect(kinde.tokensIssued).toBe(2)
  })

  it('is kept until it is refused if its life is said to be 0', async () => {
    const fetch = async (url: string, init: RequestInit) => {
      const response = await globalThis.fetch(url, init)
      return init.method === 'GET' ? response : Response.json({ ...(await response.json()), expires_in: 0 })
    }
    const client = createClient({ fetch })
    for (let call = 0; call < 5; call++) await client.webhooks.list()
    expect(kinde.tokensIssued).toBe(1)
  })

  it('is replaced once, by all concurrent calls together, if Kinde refuses it with 401', async () => {
    const client = createClient()
    await client.webhooks.list()
    kinde.revokeTokens()
    await Promise.all(Array.from({ length: 10 }, () => client.webhooks.list()))
    expect(kinde.tokensIssued).toBe(2)
  })

  it('is replaced once if Kinde issued it without scopes', async () => {
    kinde.issueTokensWithoutScopes(1)
    await expect(createClient().webhooks.list()).resolves.toEqual([])
    expect(kinde.tokensIssued).toBe(2)
  })

  it('is not fetched without end if every one is refused', async () => {
    kinde.scopes.clear()
    const client = createClient()
    for (let call = 0; call < 20; call++) await failureOf(client.webhooks.list())
    expect(kinde.tokensIssued).toBe(5)
  })

  it('is fetched again after a 500 of the token endpoint, and not after an answer that was cut short', async () => {
    kinde.failNext({ status: 500 }, { on: 'POST /oauth2/token' })
    await expect(createClient().webhooks.list()).resolves.toEqual([])
    kinde.failNext('half_a_body', { on: 'POST /oauth2/token' })
    expect(await failureOf(createClient().webhooks.list())).toMatchObject({ code: 'unavailable' })
    expect(kinde.tokensIssued).toBe(2)
  })
})

describe('a refusal', () => {
  it('names the scope that is missing', async () => {
    kinde.scopes.delete('read:webhooks')
    const error = await failureOf(createClient().webhooks.list())
    expect(error).toMatchObject({ code: 'missing_scope', scope: 'read:webhooks', status: 403, retryable: false })
    expect(error.message).toContain('read:webhooks')
  })

  it('is unauthorized for wrong credentials, and quotes the reason of the token endpoint', async () => {
    const error = await failureOf(createClient({ clientSecret: 'wrong_secret' }).webhooks.list())
    expect(error).toMatchObject({ code: 'unauthorized', status: 401 })
    expect(error.message).toContain('invalid_client')
    expect(error.message).toContain('KINDE_MANAGEMENT_CLIENT_SECRET')
  })

  it('is unauthorized if a fresh token gets 401, too', async () => {
    kinde.failNext({ status: 401 }, { on: 'GET', times: 2 })
    expect(await failureOf(createClient().webhooks.list())).toMatchObject({ code: 'unauthorized', status: 401 })
    expect(kinde.tokensIssued).toBe(2)
  })

  it('is not_found for a 404, whose errors are an object', async () => {
    const error = await failureOf(createClient().event('event_unknown'))
    expect(error).toMatchObject({ code: 'not_found', status: 404 })
    expect(error.message).toContain('NOT_FOUND: The resource was not found')
  })

  it('is invalid_request for another 4xx, and quotes the reason', async () => {
    kinde.failNext({ status: 400, body: { errors: [{ code: 'BAD', message: 'no\u001b[31m' }] } }, { on: 'GET' })
    const error = await failureOf(createClient().webhooks.list())
    expect(error).toMatchObject({ code: 'invalid_request', status: 400 })
    expect(error.message).toContain('BAD: no\\u001b[31m')
  })
})

describe('a 429', () => {
  it('is waited for as RateLimit-Reset says', async () => {
    kinde.failNext({ status: 429, resetSeconds: 1 }, { on: 'GET' })
    const startedAt = performance.now()
    await expect(createClient().webhooks.list()).resolves.toEqual([])
    expect(performance.now() - startedAt).toBeGreaterThan(990)
    expect(kinde.requests).toHaveLength(2)
  })

  it.each([[undefined], ['soon'], ['-5']])('is tried again without a readable header (%s)', async (resetSeconds) => {
    kinde.failNext({ status: 429, resetSeconds }, { on: 'GET' })
    await expect(createClient().webhooks.list()).resolves.toEqual([])
  })

  it('is rate_limited at once if the wait is longer than maxWaitMs', async () => {
    kinde.failNext({ status: 429, resetSeconds: 3600 }, { on: 'GET' })
    expect(await failureOf(createClient().webhooks.list())).toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 3_600_000,
      retryable: true,
    })
    expect(kinde.requests).toHaveLength(1)
  })

  it('is rate_limited if it does not end', async () => {
    kinde.failNext({ status: 429, resetSeconds: 0 }, { on: 'GET', times: 100 })
    expect(await failureOf(createClient().webhooks.list())).toMatchObject({ code: 'rate_limited', status: 429 })
    expect(kinde.requests).toHaveLength(5)
  })

  it('holds back a write, which Kinde has not carried out', async () => {
    kinde.failNext({ status: 429, resetSeconds: 0 }, { on: 'POST /api' })
    await createClient().reportUsage({ agreementId: 'agreement_1', featureCode: 'calls', value: 3 })
    expect(kinde.tenant.usage).toHaveLength(1)
  })
})

describe('an outage', () => {
  it.each([{ status: 500 }, { status: 503 }, 'no_answer', 'half_a_body'] as const)(
    'is survived by a read (%j)',
    async (fault) => {
      kinde.failNext(fault, { on: 'GET' })
      await expect(createClient().webhooks.list()).resolves.toEqual([])
    },
  )

  it.each([{ status: 500 }, { status: 503 }, 'no_answer', 'half_a_body'] as const)(
    'never repeats a write (%j)',
    async (fault) => {
      kinde.failNext(fault, { on: 'POST /api', times: 10 })
      const report = { agreementId: 'agreement_1', featureCode: 'calls', value: '3' }
      expect(await failureOf(createClient().reportUsage(report))).toMatchObject({
        code: 'unavailable',
        retryable: true,
      })
      expect(kinde.requests).toHaveLength(1)
    },
  )

  it('is unavailable if it lasts, with the reason', async () => {
    kinde.failNext({ status: 502 }, { on: 'GET', times: 10 })
    expect(await failureOf(createClient().webhooks.list())).toMatchObject({ code: 'unavailable', status: 502 })
    await kinde.close()
    const error = await failureOf(createClient().webhooks.list())
    expect(error).toMatchObject({ code: 'unavailable', status: undefined })
    expect(error.message).toContain('ECONNREFUSED')
  })

  it('ends after timeoutMs, also in the middle of a body', async () => {
    const fetch: ManagementClientOptions['fetch'] = async (url, init) =>
      url.endsWith('/oauth2/token')
        ? globalThis.fetch(url, init)
        : new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{')) }))
    const error = await failureOf(createClient({ fetch, timeoutMs: 100 }).webhooks.list())
    expect(error).toMatchObject({ code: 'unavailable' })
    expect(error.message).toContain('timeoutMs')
  })

  it('does not follow a redirect', async () => {
    const fetch: ManagementClientOptions['fetch'] = async (url, init) =>
      url.endsWith('/oauth2/token')
        ? globalThis.fetch(url, init)
        : new Response(null, { status: 302, headers: { location: 'https://evil.example' } })
    expect(await failureOf(createClient({ fetch }).webhooks.list())).toMatchObject({
      code: 'invalid_response',
      status: 302,
    })
  })

  it('stops with the reason of a signal', async () => {
    const reason = new Error('stop')
    await expect(createClient().webhooks.list({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(kinde.requests).toHaveLength(0)
  })
})

describe('an answer that cannot be read', () => {
  const bodies = [{}, [], null, 'text', { webhooks: null }, { webhooks: {} }, { webhooks: [null] }, { webhooks: [{}] }]
  it.each(bodies.map((body) => [JSON.stringify(body), body]))(
    'is invalid_response, not an empty list: %s',
    async (_, body) => {
      kinde.failNext({ body }, { on: 'GET' })
      expect(await failureOf(createClient().webhooks.list())).toMatchObject({ code: 'invalid_response', status: 200 })
    },
  )

  it('is invalid_response for HTML', async () => {
    kinde.failNext('html', { on: 'GET' })
    const error = await failureOf(createClient().agreements('customer_1'))
    expect(error).toMatchObject({ code: 'invalid_response' })
    expect(error.message).toContain('text/html')
  })

  it.each([
    { agreements: [] },
    { agreements: [], has_more: 'no' },
    { has_more: false },
    { agreements: null, has_more: false },
    { agreements: [{ plan_code: 'pro' }], has_more: false },
    { agreements: [], has_more: true },
  ])('is never "no agreements": %j', async (body) => {
    kinde.failNext({ body }, { on: 'GET' })
    expect(await failureOf(createClient().agreements('customer_1'))).toMatchObject({ code: 'invalid_response' })
  })

  it.each([201, 203, 206])('is not a whole list with the status %i', async (status) => {
    kinde.failNext({ status, body: { agreements: [], has_more: false } }, { on: 'GET' })
    expect(await failureOf(createClient().agreements('customer_1'))).toMatchObject({ code: 'invalid_response', status })
  })

  it.each([[[{ code: 'PARTIAL', message: 'try later' }]], [{ code: 'PARTIAL' }], ['PARTIAL']])(
    'is not a whole list beside errors: %j',
    async (errors) => {
      kinde.failNext({ body: { agreements: [], has_more: false, errors } }, { on: 'GET' })
      expect(await failureOf(createClient().agreements('customer_1'))).toMatchObject({ code: 'invalid_response' })
    },
  )

  it('is not "unknown to Kinde" if the 404 is HTML', async () => {
    const page = () => Promise.resolve(new Response('<html>Not found</html>', { status: 404 }))
    const fetch = (url: string, init: RequestInit) => (init.method === 'GET' ? page() : globalThis.fetch(url, init))
    const error = await failureOf(createClient({ fetch }).agreements('customer_1'))
    expect(error).toMatchObject({ code: 'invalid_response', status: 404 })
  })

  it('is never "not a customer"', async () => {
    for (const body of [{}, { billing: {} }, { id: 'kp_1', billing: 'customer_1' }]) {
      kinde.failNext({ body }, { on: 'GET' })
      expect(await failureOf(createClient().customerOf({ userId: 'kp_1' }))).toMatchObject({ code: 'invalid_response' })
    }
  })
})

describe('options', () => {
  it('are refused if they do not exist', () => {
    expect(() => createManagementClient({ ...kinde.credentials, clientID: 'x' } as ManagementClientOptions)).toThrow(
      /clientID.*did you mean/s,
    )
  })

  it('come from the environment, trimmed', async () => {
    Object.assign(process.env, { ...kinde.env, KINDE_DOMAIN: ` ${kinde.env.KINDE_DOMAIN}/\n` })
    try {
      await expect(createManagementClient().webhooks.list()).resolves.toEqual([])
    } finally {
      for (const name of Object.keys(kinde.env)) delete process.env[name]
    }
  })

  it.each(['acme.kinde.com', 'http://acme.kinde.com', 'https://acme.kinde.com/api', 'https://a:b@acme.kinde.com', 'x'])(
    'refuse the domain %s',
    (domain) => {
      expect(() => createClient({ domain })).toThrow(expect.objectContaining({ code: 'invalid_configuration' }))
    },
  )

  it.each(['domain', 'clientId', 'clientSecret'] as const)('name quotes around %s, without the value', (name) => {
    const quoted = { ...kinde.credentials, [name]: `"${kinde.credentials[name]}"\n` }
    expect(() => createManagementClient(quoted)).toThrow(
      new RegExp(`^${name} \\(KINDE_\\w+\\) is in quotes: remove them\\.$`),
    )
  })

  it('name the variable that is missing', () => {
    expect(() => createManagementClient({ ...kinde.credentials, clientSecret: ' ' })).toThrow(
      'clientSecret is empty: pass it to createManagementClient, or set KINDE_MANAGEMENT_CLIENT_SECRET.',
    )
  })
})

describe('secrets', () => {
  it('stay out of errors and inspections, even if the server echoes them', async () => {
    const seen: string[] = []
    const fetch: ManagementClientOptions['fetch'] = async (url, init) => {
      const headers = new Headers(init.headers)
      const token = headers.get('authorization')?.slice('Bearer '.length)
      if (token === undefined) return globalThis.fetch(url, init)
      seen.push(token)
      const errors = [{ code: token, message: `you sent ${token} and ${kinde.credentials.clientSecret}` }]
      return Response.json({ errors }, { status: 400 })
    }
    const client = createClient({ fetch })
    const broken = createClient({
      fetch: async (_url, init) => {
        throw Object.assign(new Error(`could not send ${init.body}`), { request: init })
      },
    })
    const errors = [await failureOf(client.webhooks.list()), await failureOf(broken.webhooks.list())]
    const text = inspect([client, broken, ...errors], { depth: 20, showHidden: true, getters: true })
    expect(seen).toHaveLength(1)
    for (const secret of [kinde.credentials.clientSecret, ...seen]) expect(text).not.toContain(secret)
    expect(text).toContain('[redacted]')
  })
})
