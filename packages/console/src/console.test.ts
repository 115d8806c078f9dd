import { PGlite } from '@electric-sql/pglite'
import { createBillingReceiver } from '@kinde-billing/core/receiver'
import {
  createPostgresInbox,
  createPostgresStateStore,
  ensureSchema,
  ensureStateSchema,
  type RedeliveryReceiver,
} from '@kinde-billing/postgres'
import { createBillingStateHandler } from '@kinde-billing/state'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ConsoleOptions, createConsole } from './index.js'

const ORIGIN = 'https://app.example'
const issuer = await createTestIssuer({ issuer: 'https://acme.kinde.com' })
let pglite: PGlite
let receiver: ReturnType<typeof createReceiver>
let failing = false
let runs: string[] = []

beforeAll(async () => {
  pglite = await PGlite.create()
  await ensureSchema(pglite)
  await ensureStateSchema(pglite)
  receiver = createReceiver()
})
beforeEach(async () => {
  failing = false
  runs = []
  await pglite.exec(
    'truncate kinde_billing_deliveries, kinde_billing_states; drop table if exists kinde_billing_actions',
  )
})
afterAll(() => pglite.close())

function createReceiver() {
  const keepState = createBillingStateHandler({ store: createPostgresStateStore() })
  return createBillingReceiver({
    issuer: issuer.issuer,
    jwks: issuer.jwks,
    name: 'billing',
    inbox: createPostgresInbox({ pool: pglite }),
    log: false,
    async onEvent(event, delivery) {
      runs.push(event.id)
      if (failing) throw new Error('no plan of this <b>code</b>')
      await keepState(event, delivery)
    },
  })
}

type Fixture = Parameters<typeof billingEventFixture>
async function arrive(type: Fixture[0], overrides: Fixture[1] = {}): Promise<string> {
  const claims = billingEventFixture(type, overrides)
  const token = await issuer.sign(claims)
  await receiver.receive({ method: 'POST', header: () => undefined, body: () => token, context: undefined })
  return claims.event_id
}

const open = (options: Partial<ConsoleOptions> = {}) =>
  createConsole({
    pool: pglite,
    authorize: () => ({ name: 'ada' }),
    basePath: '/billing',
    onError: () => {},
    ...options,
  })
const withReceiver = (): Partial<ConsoleOptions> => ({ receiver: receiver as RedeliveryReceiver<unknown> })
const get = (handle: ReturnType<typeof open>, path: string, init?: RequestInit) =>
  handle(new Request(`${ORIGIN}/billing${path}`, init))
const read = async (handle: ReturnType<typeof open>, path: string): Promise<string> => {
  const response = await get(handle, path)
  expect([path, response.status]).toEqual([path, 200])
  return response.text()
}

/** The fields of the form that a page sends to an address. */
function formOf(page: string, action: string): URLSearchParams {
  const form = page.split('<form').find((part) => part.includes(`action="${action}"`))
  if (form === undefined) throw new Error(`no form for ${action}`)
  const fields = form.split('</form>')[0]?.matchAll(/<input[^>]*name="(\w+)"[^>]*?value="([^"]*)"/g) ?? []
  return new URLSearchParams([...fields].map(([, name = '', value = '']) => [name, value]))
}

const post = (handle: ReturnType<typeof open>, path: string, body: URLSearchParams, headers: HeadersInit = {}) =>
  get(handle, path, { method: 'POST', body, headers: { origin: ORIGIN, 'sec-fetch-site': 'same-origin', ...headers } })

describe('createConsole', () => {
  it('refuses to be created without authorize, with unknown options, and with a base path or a table that is none', () => {
    const wrong = (options: object) => () => createConsole(Object({ pool: pglite, authorize: () => true, ...options }))
    for (const options of [{ authorize: undefined }, { authorise: () => true }, { basePath: 'billing' }, { pool: 'x' }])
      expect(wrong(options)).toThrow(expect.objectContaining({ code: 'invalid_configuration' }))
    expect(wrong({ authorize: undefined })).toThrow(/^authorize is undefined: pass a function/)
    expect(wrong({ recevier: {} })).toThrow('did you mean "receiver"')
    for (const table of ['deliveries', 'states', 'actions'])
      expect(wrong({ tables: { [table]: 'bad; name' } })).toThrow('bad; name')
  })

  it('has every page, with strict headers, and no text of its own from elsewhere', async () => {
    const id = await arrive('customer.agreement_created', { data: { customer_id: 'customer_1', plan_code: 'pro' } })
    const handle = open()
    for (const path of [
      '',
      '/',
      '/deliveries',
      `/deliveries/${id}`,
      '/customers',
      '/customers/customer:customer_1',
      '/activity',
    ]) {
      const response = await get(handle, path)
      const text = await response.text()
      expect([path, response.status]).toEqual([path, 200])
      expect(text.match(/<h1/g)).toHaveLength(1)
      expect(text).not.toMatch(/(?:src|href|action)="(?!\/billing|#main)/)
      expect(text).not.toMatch(/ style=| on\w+="/)
      const { headers } = response
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'.*frame-ancestors 'none'$/)
      expect(headers.get('content-security-policy')).not.toContain('unsafe')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
    for (const path of [
      '/nothing',
      '/deliveries/event_none',
      '/customers/customer:none',
      '/customers/a/b',
      '/%E0%A4%A',
      '/customers/%00',
    ])
      expect([path, (await get(handle, path)).status]).toEqual([path, 404])
    expect((await handle(new Request(`${ORIGIN}/billingx`))).status).toBe(404)
    for (const path of ['/deliveries?after=nonsense', '/customers?after=W10'])
      expect((await get(handle, path)).status).toBe(400)
    expect((await get(handle, '/deliveries', { method: 'DELETE' })).status).toBe(405)
  })

  it('serves its files with strong etags', async () => {
    const handle = open()
    for (const name of ['console.css', 'console.js', 'icon.svg']) {
      const response = await get(handle, `/${name}`)
      const etag = response.headers.get('etag') ?? ''
      expect(etag).toMatch(/^"[\w-]{27}"$/)
      expect((await get(handle, `/${name}`, { headers: { 'if-none-match': etag } })).status).toBe(304)
    }
  })

  it('says what to do when a table is missing or the database is away', async () => {
    const empty = open({ tables: { deliveries: 'nowhere' } })
    const response = await get(empty, '/deliveries')
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('Call ensureSchema(pool)')
    const errors: unknown[] = []
    const pool = {
      query: () => Promise.reject(new Error('down')),
      transaction: () => Promise.reject(new Error('down')),
    }
    const away = await get(open({ pool, onError: (error) => errors.push(error) }), '')
    expect([away.status, errors.length]).toEqual([503, 1])
  })

  it('logs the causes of an error, and not what a driver adds to it', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const cause = new AggregateError([new Error('connect ECONNREFUSED ::1:5432')])
    const error = Object.assign(new Error('down', { cause }), { parameters: ['ada@example.com'] })
    const fail = () => Promise.reject(error)
    await get(open({ pool: { query: fail, transaction: fail }, onError: undefined }), '')
    const lines = printed.mock.calls.join()
    printed.mockRestore()
    expect(lines).toMatch(/^\[kinde-billing\] console: .*down.*connect ECONNREFUSED ::1:5432.*\n {4}at /)
    expect(lines).not.toContain('ada@')
  })
})

describe('a request that authorize refuses', () => {
  it.each<[string, ConsoleOptions['authorize']]>([
    ['false', () => false],
    ['null', async () => null],
    ['undefined', () => undefined],
    ['a number', () => Object(1)],
    ['an empty string', () => ''],
    ['an object without a name', () => Object({ email: 'ada@acme.example' })],
    ['an empty name', () => ({ name: ' ' })],
    ['an error', () => Promise.reject(new Error('the session store is away'))],
    ['an error that is returned', () => new Error('no session')],
  ])('gets one answer for everything: %s', async (_, authorize) => {
    const id = await arrive('customer.agreement_created', { data: { customer_id: 'customer_1' } })
    const handle = open({ authorize })
    const requests = [
      new Request(`${ORIGIN}/billing`),
      new Request(`${ORIGIN}/billing/deliveries/${id}`),
      new Request(`${ORIGIN}/billing/deliveries/none`),
      new Request(`${ORIGIN}/billing/customers/customer:customer_1`),
      new Request(`${ORIGIN}/billing/live?page=/billing`),
      new Request(`${ORIGIN}/billing/console.css`),
      new Request(`${ORIGIN}/elsewhere`),
      new Request(`${ORIGIN}/billing/%E0%A4%A`, { method: 'PUT' }),
      new Request(`${ORIGIN}/billing/deliveries/${id}/redeliver`, {
        method: 'POST',
        body: new URLSearchParams('token=x'),
      }),
    ]
    const answers = await Promise.all(
      requests.map(async (request) => {
        const response = await handle(request)
        return JSON.stringify([response.status, [...response.headers], await response.text()])
      }),
    )
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^\[403,.*"Forbidden\\n"\]$/)
  })
})

describe('authorize that does not answer', () => {
  it('refuses after ten seconds, and names the cause', async () => {
    vi.useFakeTimers()
    try {
      const errors: unknown[] = []
      const handle = open({ authorize: () => new Promise(() => {}), onError: (error) => errors.push(error) })
      const answer = get(handle, '/customers')
      await vi.advanceTimersByTimeAsync(10_000)
      expect((await answer).status).toBe(403)
      expect(String(errors)).toContain('authorize has not answered within 10 seconds')
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('hostile text', () => {
  const MARKUP = '"><img src=x onerror=alert(1)>\u202e&amp;'

  it('stays text in every field of every page', async () => {
    const data = {
      customer_id: MARKUP,
      org_code: MARKUP,
      plan_code: MARKUP,
      plan_name: `${MARKUP}${'x'.repeat(5000)}`,
      agreement_id: MARKUP,
      billing_feature_code: MARKUP,
      meter_id: MARKUP,
      quantity: 5,
    }
    const event_id = `event_${MARKUP}`
    for (const type of ['customer.agreement_created', 'customer.meter_usage_updated', 'customer.plan_changed'] as const)
      await arrive(type, { data })
    failing = true
    await arrive('customer.payment_failed', { data, event_id })
    const handle = open({ authorize: () => ({ name: MARKUP }) })
    const encoded = encodeURIComponent
    const paths = [
      '',
      '/deliveries',
      `/deliveries/${encoded(event_id)}`,
      '/customers',
      `/customers/customer:${encoded(MARKUP)}`,
      `/customers?q=${encoded(MARKUP)}`,
      `/deliveries?type=${encoded(MARKUP)}&customer=${encoded(MARKUP)}`,
    ]
    for (const path of paths) {
      const text = await read(handle, path)
      expect(text).not.toMatch(/<img|<b>code|\u202e/)
      expect(text).toContain(path === '' ? '&lt;b&gt;' : '[U+202E]')
    }
  })
})

describe('lists', () => {
  it('page by key, search, count, and never lose a customer', async () => {
    for (let index = 0; index < 53; index += 1)
      await arrive('customer.agreement_created', {
        data: { customer_id: `customer_${index}`, plan_code: index === 7 ? 'scale' : 'pro' },
      })
    const handle = open()
    const first = await read(handle, '/customers')
    expect(first).toContain('53 known')
    const rowsOf = (page: string) =>
      [...page.matchAll(/href="\/billing\/customers\/customer:(customer_\d+)"/g)].map(([, id]) => id)
    expect(rowsOf(first)).toHaveLength(50)
    const next = /href="([^"]*)" rel="next"/.exec(first)?.[1]?.replaceAll('&amp;', '&').replace('/billing', '') ?? ''
    const seen = new Set([...rowsOf(first), ...rowsOf(await read(handle, next))])
    expect(seen.size).toBe(53)
    expect(rowsOf(await read(handle, '/customers?q=SCALE'))).toEqual(['customer_7'])
    expect(await read(handle, '/customers?q=scale')).toContain('1 found')
    expect(await read(handle, '/customers?q=nothing')).toContain('No customer matches')
    expect(await read(handle, '/deliveries')).toContain('rel="next"')
    expect(await read(handle, '/deliveries?type=customer.plan_changed')).toContain('No delivery matches')
    expect(await read(handle, '/deliveries?status=failed')).toContain('No delivery matches')
  })

  it('find an event by its id, and everything else among the customers', async () => {
    const id = await arrive('customer.agreement_created')
    const target = async (text: string) =>
      (await get(open(), `/search?q=${encodeURIComponent(text)}`)).headers.get('location')
    expect(await target(id)).toBe(`/billing/deliveries/${id}`)
    expect(await target('pro & more')).toBe('/billing/customers?q=pro+%26+more')
  })
})

describe('a customer', () => {
  it('has the reason of the access, with the event that explains it', async () => {
    const data = { customer_id: 'customer_1', agreement_id: 'agreement_1', plan_code: 'pro' }
    await arrive('customer.agreement_created', { data })
    const id = await arrive('customer.payment_failed', { data })
    const text = await read(open({ policy: { pastDueGraceMs: 0 } }), '/customers/customer:customer_1')
    expect(text).toMatch(/<p class="why">Suspended: a payment for agreement_1 on plan pro failed on /)
    expect(text).toContain(`href="/billing/deliveries/${id}"`)
    expect(await read(open(), '/customers/customer:customer_1')).toContain('Access, with a payment due')
  })
})

describe('redeliver', () => {
  const RESULT = /class="notice \w+" role="status">.*?<\/div>/s

  async function fail(): Promise<string> {
    failing = true
    const id = await arrive('customer.agreement_created', { data: { customer_id: 'customer_1' } })
    failing = false
    runs = []
    return id
  }

  it.each<[string, ConsoleOptions['authorize']]>([
    ['as an object', () => ({ name: 'ada' })],
    ['as text', () => 'ada'],
  ])(
    'runs the handler once, says what happened, and records the name that authorize returns %s',
    async (_, authorize) => {
      const id = await fail()
      const handle = open({ ...withReceiver(), authorize })
      const path = `/deliveries/${id}/redeliver`
      const form = formOf(await read(handle, `/deliveries/${id}`), `/billing${path}`)
      const response = await post(handle, path, form)
      expect(response.status).toBe(303)
      expect(runs).toEqual([id])
      const after = await read(handle, response.headers.get('location')?.replace('/billing', '') ?? '')
      expect(RESULT.exec(after)?.[0]).toContain('The handler ran and succeeded.')
      expect(await read(handle, '/activity')).toMatch(/Redelivered.*?The handler ran and succeeded.*?ada/s)
      expect(await read(handle, '/customers')).toContain('customer_1')
    },
  )

  it('says why the handler failed again', async () => {
    const id = await fail()
    failing = true
    const handle = open(withReceiver())
    const path = `/deliveries/${id}/redeliver`
    const response = await post(handle, path, formOf(await read(handle, `/deliveries/${id}`), `/billing${path}`))
    const after = await read(handle, response.headers.get('location')?.replace('/billing', '') ?? '')
    expect(RESULT.exec(after)?.[0]).toContain('handler_failed: no plan of this &lt;b&gt;code&lt;/b&gt;')
  })

  it('only marks without a receiver, and runs all that failed with one', async () => {
    const id = await fail()
    await fail()
    const marking = open()
    const path = `/deliveries/${id}/redeliver`
    await post(marking, path, formOf(await read(marking, `/deliveries/${id}`), `/billing${path}`))
    expect(runs).toEqual([])
    expect(await read(marking, '/deliveries?status=to_redeliver')).toContain(id)
    const handle = open(withReceiver())
    const form = formOf(await read(handle, '/deliveries?status=failed'), '/billing/redeliver-failed')
    expect((await post(handle, '/redeliver-failed', form)).status).toBe(303)
    expect(runs).toHaveLength(2)
  })

  it('is refused without a token, from elsewhere, replayed, too late, by another operator, and read-only', async () => {
    const id = await fail()
    let now = Date.now()
    let operator = 'ada'
    const handle = open({ ...withReceiver(), authorize: () => ({ name: operator }), now: () => now })
    const page = `/deliveries/${id}`
    const path = `${page}/redeliver`
    const form = formOf(await read(handle, page), `/billing${path}`)
    const refuse = async (body: URLSearchParams, headers: Record<string, string> = {}) =>
      (await post(handle, path, body, headers)).status
    expect(await refuse(new URLSearchParams())).toBe(403)
    expect(await refuse(new URLSearchParams({ token: `${form.get('token')}x` }))).toBe(403)
    expect(await refuse(form, { 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await refuse(form, { 'sec-fetch-site': 'same-site' })).toBe(403)
    for (const origin of ['https://evil.example', 'null', 'https://app.example.evil.example']) {
      const request = new Request(`${ORIGIN}/billing${path}`, { method: 'POST', body: form, headers: { origin } })
      expect((await handle(request)).status).toBe(403)
    }
    expect(await refuse(form, { 'content-type': 'text/plain' })).toBe(403)
    expect(await refuse(new URLSearchParams({ reason: 'x'.repeat(20_000) }))).toBe(413)
    operator = 'eve'
    expect(await refuse(form)).toBe(403)
    operator = 'ada'
    now += 13 * 3_600_000
    expect(await refuse(form)).toBe(403)
    now -= 13 * 3_600_000
    expect(runs).toEqual([])

    // a proxy that changes the host, and a browser that does not compare origins itself
    const behindProxy = (origin: string) =>
      handle(
        new Request(`http://10.0.0.7:3000/billing${path}`, {
          method: 'POST',
          body: new URLSearchParams({ token: '' }),
          headers: { origin, host: '10.0.0.7:3000', 'x-forwarded-host': 'app.example, inner.example' },
        }),
      ).then((response) => response.text())
    expect(await behindProxy(ORIGIN)).toContain('no valid token')
    expect(await behindProxy('https://evil.example')).toContain('sent from another site')

    // another process has the same secret
    const other = open({ ...withReceiver(), now: () => now })
    expect((await post(other, path, form)).status).toBe(303)
    expect(await refuse(form)).toBe(409)
    expect(runs).toEqual([id])

    const readOnly = open({ ...withReceiver(), readOnly: true })
    expect(await read(readOnly, page)).not.toContain('method="post"')
    expect((await post(readOnly, path, form)).status).toBe(403)
  })
})

describe('live updates', () => {
  it('end when authorize says no, before anything new is told', async () => {
    let isAllowed = true
    const handle = open({ authorize: () => isAllowed && 'ada' })
    const versions = readVersions(await get(handle, '/live?page=%2Fbilling%2Fdeliveries'))
    expect((await versions.next()).done).toBe(false)
    isAllowed = false
    await arrive('customer.plan_changed')
    expect(await versions.next()).toEqual({ done: true, value: undefined })
    for (const path of ['/live?page=%2Fbilling%2Fdeliveries', '/deliveries', '/console.js'])
      expect((await get(handle, path)).status).toBe(403)
  })

  it('send a version at once, and another when something has arrived', async () => {
    const handle = open()
    const response = await get(handle, '/live?page=%2Fbilling%2Fdeliveries')
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const versions = readVersions(response)
    const { value: first } = await versions.next()
    expect(await read(handle, '/deliveries')).toContain(`data-version="${first}"`)
    await arrive('customer.agreement_created')
    const { value: second } = await versions.next()
    expect(second).not.toBe(first)
    await versions.return(undefined)
    expect((await get(handle, '/live?page=%2Felsewhere')).status).toBe(404)
  })

  it('say that the database is away, and send the version again when it is back', async () => {
    let isAway = false
    const pool = new Proxy(pglite, {
      get: (target, name) => {
        const value = Reflect.get(target, name)
        if (isAway) return () => Promise.reject(new Error('away'))
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const response = await get(open({ pool }), '/live?page=%2Fbilling%2Fdeliveries')
    const messages = readMessages(response)
    const next = async (start: string): Promise<string> => {
      while (true) {
        const { value, done } = await messages.next()
        if (done === true) throw new Error('the stream has ended')
        if (value.startsWith(start)) return value
      }
    }
    const first = await next('event: version')
    isAway = true
    await next('event: unavailable')
    isAway = false
    expect(await next('event: version')).toBe(first)
  })

  it('send a version of every page of the console, also of one that cannot be read', async () => {
    const handle = open()
    for (const path of ['/%E0%A4%A', '/nothing', '/customers/customer:none']) {
      const page = await (await get(handle, path)).text()
      const versions = readVersions(await get(handle, `/live?page=${encodeURIComponent(`/billing${path}`)}`))
      expect(page).toContain(`data-version="${(await versions.next()).value}"`)
      await versions.return(undefined)
    }
  })
})

async function* readVersions(response: Response): AsyncGenerator<string, void, undefined> {
  for await (const message of readMessages(response))
    if (message.startsWith('event: version\ndata: ')) yield message.slice(21)
}

async function* readMessages({ body }: Response): AsyncGenerator<string, void, undefined> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk)
    const messages = text.split('\n\n')
    text = messages.pop() ?? ''
    yield* messages
  }
}
