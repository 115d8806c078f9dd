import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { createWebHandler } from '@kinde-billing/core/receiver'
import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import { startTestIssuer, type TestIssuerServer } from '@kinde-billing/testing/server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kindeBilling } from '../../test/recording-terminal.js'
import type { CheckResult } from './finding.js'

let kinde: TestManagementApi
let issuer: TestIssuerServer
const closers: (() => void)[] = []

beforeEach(async () => {
  kinde = await startTestManagementApi()
  issuer = await startTestIssuer()
})
afterEach(async () => {
  for (const close of closers.splice(0)) close()
  await Promise.all([kinde.close(), issuer.close()])
})

/** An endpoint; by default, one that refuses as a receiver does. */
async function listen(listener: RequestListener = refuse): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/kinde`
}

const refuse: RequestListener = (_request, response) =>
  response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"unauthorized"}')

function register(endpoint: string, event_types: string[] = [...BILLING_EVENT_TYPES], id = 'w1'): void {
  kinde.tenant.webhooks.push({ id, name: 'Billing', endpoint, event_types, created_on: '2026-01-01T00:00:00Z' })
}

async function check(endpoint: string, env: Record<string, string> = {}) {
  const all = { ...kinde.env, KINDE_ISSUER_URL: issuer.issuer, KINDE_DOMAIN: kinde.env.KINDE_DOMAIN, ...env }
  const { code, out, err } = await kindeBilling(['check', '--endpoint', endpoint, '--json'], { env: all })
  const checks: CheckResult[] = code === 2 ? [] : JSON.parse(out).checks
  return { code, err, get: (id: string) => checks.find((one) => one.id === id) }
}

it('exits with 0 if nothing is wrong, and says what cannot be known', async () => {
  const endpoint = await listen()
  register(endpoint)
  const { code, get } = await check(endpoint)
  expect(code).toBe(0)
  for (const id of ['key_set', 'settings', 'webhook', 'webhook_count', 'webhook_events', 'endpoint', 'clock_endpoint'])
    expect(get(id)).toMatchObject({ verdict: 'ok' })
  expect(get('webhook_disabled')).toMatchObject({ verdict: 'unknown', seen: expect.stringContaining('no API says') })
  expect(get('inbox')).toMatchObject({ verdict: 'unknown', seen: 'DATABASE_URL is not set' })
  expect(kinde.requests.every(({ method }) => method === 'GET')).toBe(true)
  expect(kinde.tokensIssued).toBe(1)
})

it('finds nothing wrong with a receiver, whose handlers see nothing', async () => {
  const handled: string[] = []
  const handler = createWebHandler({
    issuer: issuer.issuer,
    log: false,
    onEvent: (event) => void handled.push(event.id),
    onOtherEvent: (event) => void handled.push(event.id),
  })
  const endpoint = await listen(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const headers = { 'content-type': request.headers['content-type'] ?? '' }
    const answer = await handler(new Request('http://127.0.0.1/', { method: 'POST', headers, body }), undefined)
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
  })
  register(endpoint)
  expect((await check(endpoint)).get('endpoint')).toMatchObject({ verdict: 'ok', seen: '401 for a forged token' })
  expect(handled).toEqual([])
})

it('prints a table with the fixes', async () => {
  const endpoint = await listen()
  const env = { ...kinde.env, KINDE_ISSUER_URL: issuer.issuer }
  const { code, out } = await kindeBilling(['check', '--endpoint', endpoint], { env })
  expect(code).toBe(1)
  expect(out).toContain('the environment has no webhook')
  expect(out).toContain('1 thing is wrong.')
})

describe('the webhook', () => {
  it('must be registered with exactly this URL', async () => {
    const endpoint = await listen()
    register(`${endpoint}/`)
    const { code, get } = await check(endpoint)
    expect(code).toBe(1)
    expect(get('webhook')).toMatchObject({ verdict: 'found', seen: expect.stringContaining(`${endpoint}/`) })
  })

  it('must have the billing events that the tenant offers', async () => {
    const endpoint = await listen()
    register(endpoint, BILLING_EVENT_TYPES.slice(1))
    expect((await check(endpoint)).get('webhook_events')).toMatchObject({
      verdict: 'found',
      seen: `not ticked: ${BILLING_EVENT_TYPES[0]}`,
    })
    kinde.tenant.eventTypes = kinde.tenant.eventTypes.filter(({ code }) => code !== BILLING_EVENT_TYPES[0])
    expect((await check(endpoint)).code).toBe(0)
    kinde.scopes.delete('read:event_types')
    expect((await check(endpoint)).get('webhook_events')).toMatchObject({ verdict: 'unknown' })
  })

  it('must be the only one for the URL', async () => {
    const endpoint = await listen()
    register(endpoint)
    register(endpoint, [], 'w2')
    expect((await check(endpoint)).get('webhook_count')).toMatchObject({ verdict: 'found' })
  })

  it('is not known without credentials or with a missing scope, which is a finding', async () => {
    const endpoint = await listen()
    const without = await check(endpoint, { KINDE_MANAGEMENT_CLIENT_SECRET: '' })
    expect(without.code).toBe(1)
    expect(without.get('settings')).toMatchObject({
      verdict: 'found',
      seen: 'KINDE_MANAGEMENT_CLIENT_SECRET missing',
    })
    expect(without.get('endpoint')).toMatchObject({ verdict: 'ok' })
    kinde.scopes.delete('read:webhooks')
    expect((await check(endpoint)).get('webhook')).toMatchObject({
      verdict: 'found',
      seen: expect.stringContaining('read:webhooks'),
    })
  })
})

describe('the endpoint', () => {
  const html = { 'content-type': 'text/html' }
  const cases: [title: string, RequestListener, seen: RegExp][] = [
    [
      'a redirect',
      (_, response) => response.writeHead(308, { location: '/login?token=x' }).end(),
      /redirect to .*\/login$/,
    ],
    [
      'a login page',
      (_, response) => response.writeHead(200, html).end('<!doctype html>'),
      /login or a catch-all page/,
    ],
    ['no check of the signature', (_, response) => response.writeHead(200).end('ok'), /a forged token is accepted/],
    ['a wrong path', (_, response) => response.writeHead(404).end(), /^404/],
    ['another method', (_, response) => response.writeHead(405).end(), /^405/],
    ['a firewall', (_, response) => response.writeHead(403, html).end('<html>'), /not the answer of a receiver/],
    ['a password', (_, response) => response.writeHead(401).end(), /not the answer of a receiver/],
    ['no keys', (_, response) => response.writeHead(503).end('{"error":"keys_unavailable"}'), /^503/],
    ['a crash', (_, response) => response.writeHead(500).end(), /^500/],
    ['a closed connection', (_, response) => response.destroy(), /no answer \(connection closed/],
  ]
  it.each(cases)('is told from %s', async (_title, listener, seen) => {
    const endpoint = await listen(listener)
    register(endpoint)
    const { code, get } = await check(endpoint)
    expect(code).toBe(1)
    expect(get('endpoint')).toMatchObject({ verdict: 'found', seen: expect.stringMatching(seen) })
  })

  it('gets one request, which no handler would see', async () => {
    const bodies: string[] = []
    const endpoint = await listen(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      bodies.push(body)
      refuse(request, response)
    })
    await check(endpoint)
    expect(bodies).toHaveLength(1)
    expect(bodies[0]?.split('.')).toHaveLength(3)
  })
})

it('finds a clock that is wrong', async () => {
  const endpoint = await listen((_, response) =>
    response.writeHead(401, { date: new Date(Date.now() - 600_000).toUTCString() }).end('{"error":"unauthorized"}'),
  )
  register(endpoint)
  expect((await check(endpoint)).get('clock_endpoint')).toMatchObject({ verdict: 'found' })
})

it('finds a key set that is out of reach, empty, or from an old cache', async () => {
  const endpoint = await listen()
  register(endpoint)
  issuer.respondWith((_request, response) => response.writeHead(500).end())
  expect((await check(endpoint)).get('key_set')).toMatchObject({
    verdict: 'found',
    seen: expect.stringContaining('500'),
  })
  issuer.respondWith((_request, response) => response.end('{"keys":[]}'))
  expect((await check(endpoint)).get('key_set')).toMatchObject({ verdict: 'found' })
  issuer.respondWith((_request, response) => response.setHeader('age', '7200').end(JSON.stringify(issuer.jwks)))
  expect((await check(endpoint)).get('key_set')).toMatchObject({
    verdict: 'found',
    seen: expect.stringContaining('120 min'),
  })
})

it('finds an issuer and a domain of two environments', async () => {
  const endpoint = await listen()
  const other = await startTestIssuer()
  const { get } = await check(endpoint, { KINDE_DOMAIN: other.issuer })
  expect(get('domain')).toMatchObject({ verdict: 'found', seen: expect.stringContaining('no key in common') })
  await other.close()
})

it('finds a database that is out of reach, without its password', async () => {
  const endpoint = await listen()
  register(endpoint)
  const { get } = await check(endpoint, { DATABASE_URL: 'postgres://user:hunter2secret@127.0.0.1:9/db' })
  expect(get('inbox')).toMatchObject({ verdict: 'found', seen: expect.stringContaining('ECONNREFUSED') })
  expect(JSON.stringify(get('inbox'))).not.toContain('hunter2secret')
})

it('exits with 2 without an issuer, and for an endpoint that is not a URL', async () => {
  expect(await kindeBilling(['check', '--endpoint', 'https://app.example/x'], { env: {} })).toMatchObject({
    code: 2,
    err: expect.stringContaining('KINDE_ISSUER_URL'),
  })
  expect((await check('nonsense')).code).toBe(2)
  expect((await kindeBilling(['check'], { env: {} })).code).toBe(2)
})

it('ends within ten seconds if nothing listens anywhere', async () => {
  await Promise.all([kinde.close(), issuer.close()])
  const startedAt = performance.now()
  const { code, get } = await check('http://127.0.0.1:9/webhooks/kinde', { DATABASE_URL: 'postgres://127.0.0.1:9/x' })
  expect(code).toBe(1)
  for (const id of ['key_set', 'webhook', 'endpoint', 'inbox']) expect(get(id)).toMatchObject({ verdict: 'found' })
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})
