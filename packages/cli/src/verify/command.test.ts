import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { billingEventFixture } from '@kinde-billing/testing'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { afterAll, describe, expect, it } from 'vitest'
import { kindeBilling, recordingTerminal, stdinOf } from '../../test/recording-terminal.js'
import { run } from '../program.js'

const issuer = await startTestIssuer()
const stranger = await startTestIssuer()
afterAll(() => Promise.all([issuer.close(), stranger.close()]))

const HOUR = 3_600_000
const isoAgo = (ms: number): string => new Date(Date.now() - ms).toISOString()
const verify = (token: string, ...flags: string[]) =>
  kindeBilling(['verify', '-', '--issuer', issuer.issuer, ...flags], { stdin: stdinOf(token) })

describe('an authentic delivery', () => {
  it('is shown as an event, from a file', async () => {
    const { terminal, written, home } = await recordingTerminal()
    const claims = billingEventFixture('customer.plan_changed', { data: { plan_code: 'gold\x1b[31m' } })
    await writeFile(join(home, 'token.txt'), await issuer.sign(claims))
    expect(await run(['verify', 'token.txt', '--issuer', issuer.issuer], terminal)).toBe(0)
    expect(written.out).toContain('Authentic: a billing event signed by this issuer.')
    expect(written.out).toMatch(/^id +event_/m)
    expect(written.out).toMatch(/^plan\.code +gold\\u001b\[31m$/m)
    expect(written.out).toContain('A receiver answers 200 {"status":"processed"}')
    expect(written.err).toBe('')
  })

  it('prints JSON, with the issuer from the environment', async () => {
    const token = await issuer.sign(billingEventFixture('customer.plan_changed'))
    const capture = `POST /hook HTTP/1.1\nwebhook-id: w1\ncontent-type: application/jwt\n\n${token}`
    const env = { KINDE_ISSUER_URL: issuer.issuer }
    const { code, out } = await kindeBilling(['verify', '-', '--json'], { stdin: stdinOf(capture), env })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      outcome: 'processed',
      event: { type: 'customer.plan_changed', plan: { code: 'pro' }, customer: { kind: 'organization' } },
      request: { method: 'POST', webhookId: 'w1' },
    })
    expect(out).not.toContain(token)
  })

  it('is acknowledged if it has another type', async () => {
    const { code, out } = await verify(await issuer.sign({ type: 'user.created', event_id: 'event_1' }))
    expect(code).toBe(0)
    expect(out).toContain('Authentic, but not a billing event: user.created. Receivers acknowledge it.')
  })

  it('prints warnings', async () => {
    const claims = { ...billingEventFixture('customer.plan_changed'), data: {} }
    expect((await verify(await issuer.sign(claims))).out).toContain('Note  customer.plan_changed names no customer')
  })
})

describe('a capture with several deliveries', () => {
  it('verifies each, and exits with 1 if one is refused', async () => {
    const one = await issuer.sign(billingEventFixture('customer.plan_changed'))
    const two = await stranger.sign({}, { header: { kid: issuer.kid } })
    const both = JSON.stringify([{ body: one }, { body: two }])
    const { code, out } = await verify(both)
    expect(code).toBe(1)
    expect(out).toMatch(/^Delivery 1 of 2\nAuthentic[\s\S]+^Delivery 2 of 2\nRefused: invalid_signature$/m)
    expect(JSON.parse((await verify(both, '--json')).out)).toMatchObject([{ ok: true }, { ok: false }])
  })
})

describe('an old capture', () => {
  const old = issuer.sign(billingEventFixture('customer.plan_changed', { timestamp: isoAgo(73 * HOUR) }))

  it('is refused and explained, and shown with the flags that accept it', async () => {
    const { code, out } = await verify(await old)
    expect(code).toBe(1)
    expect(out).toContain('Refused: timestamp_out_of_range')
    expect(out).toContain('The delivery is authentic: the signature is good')
    expect(out).toMatch(/^plan\.code +pro$/m)
    const at = /--at\s+(\d\S+)/.exec(out)?.[1] ?? ''
    expect((await verify(await old, '--at', at)).code).toBe(0)
    expect((await verify(await old, '--at', String(Date.parse(at) + 71 * HOUR))).code).toBe(0)
    expect((await verify(await old, '--no-window')).code).toBe(0)
  })

  it('is accepted from the future without a window', async () => {
    const ahead = await issuer.sign(billingEventFixture('customer.plan_changed', { timestamp: isoAgo(-HOUR) }))
    expect((await verify(ahead)).out).toContain('in the future')
    expect((await verify(ahead, '--no-window')).code).toBe(0)
  })
})

describe('a refused delivery', () => {
  it.each<[string, () => Promise<string>, RegExp]>([
    ['invalid_signature', async () => stranger.sign({}, { header: { kid: issuer.kid } }), /Kinde domain that sent/],
    ['unknown_key', async () => stranger.sign({}), /rotated its keys since/],
    ['not_a_webhook', async () => issuer.sign({ azp: 'client' }), /access, ID or machine token/],
    ['unsupported_algorithm', async () => issuer.sign({}, { header: { alg: 'none' } }), /RS256 only/],
    ['malformed_token', async () => 'a.b', /exactly as it arrived/],
    ['invalid_payload', async () => issuer.sign({ type: 'customer.plan_changed' }), /event_id must be a non-blank/],
    ['method_not_allowed', async () => 'GET / HTTP/1.1\n\n', /Kinde sends POST/],
    [
      'unsupported_media_type',
      async () => 'POST / HTTP/1.1\ncontent-encoding: gzip\n\nx',
      /not a form and not compressed/,
    ],
  ])('explains %s', async (code, token, fix) => {
    const result = await verify(await token())
    expect(result.code).toBe(1)
    expect(result.out).toContain(`Refused: ${code}\n`)
    expect(result.out).toMatch(fix)
  })

  it('reports keys_unavailable when the key set cannot be fetched', async () => {
    issuer.respondWith((_request, response) => response.writeHead(500).end())
    const stdin = stdinOf(await issuer.sign(billingEventFixture('customer.plan_changed')))
    const other = `http://localhost:${new URL(issuer.issuer).port}`
    const { code, out } = await kindeBilling(['verify', '-', '--issuer', other, '--json'], { stdin })
    issuer.respondWith(undefined)
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ status: 503, problem: { code: 'keys_unavailable', fix: /reach it/ } })
  })
})

describe('incorrect calls', () => {
  it.each([
    [['verify', '-'], 'The issuer is missing. Pass --issuer https://acme.kinde.com'],
    [['verify', '-', '--issuer', 'acme.kinde.com'], '--issuer is "acme.kinde.com"'],
    [['verify', '-', '--issuer', 'http://acme.kinde.com'], 'use https:'],
    [['verify', 'nowhere', '--issuer', 'https://acme.kinde.com'], 'Cannot read nowhere (ENOENT)'],
    [['verify', '-', '--isuer', 'https://acme.kinde.com'], "unknown option '--isuer'"],
    [['verify', '-', '--issuer', 'https://acme.kinde.com', '--at', 'noon'], 'Pass a time such as'],
    [['verify'], "missing required argument 'file'"],
    [['verfiy'], "unknown command 'verfiy'"],
    [[], 'Usage: kinde-billing'],
  ])('exits with 2: %j', async (args, message) => {
    const { code, out, err } = await kindeBilling(args, { stdin: stdinOf('a.b.c') })
    expect(code).toBe(2)
    expect(err).toContain(message)
    expect(out).toBe('')
  })

  it.each([[['verify', '-']], [['check', '--endpoint', 'https://app.example/x']], [['listen', '--port', '0']]])(
    'name KINDE_ISSUER_URL if its value is wrong: %j',
    async (args) => {
      const env = { KINDE_ISSUER_URL: '"https://acme.kinde.com"\n' }
      const { code, err } = await kindeBilling(args, { stdin: stdinOf('a.b.c'), env })
      expect(code).toBe(2)
      expect(err).toContain('KINDE_ISSUER_URL is "\\"https://acme.kinde.com\\"\\n": pass a URL')
    },
  )
})

describe('help', () => {
  it.each([
    [['--version'], '1.2.3'],
    [['--help'], '  2  the command was called incorrectly'],
    [['verify', '--help'], '--no-window'],
    [['trigger', '--help'], 'Limits: 10000 deliveries, 10 minutes'],
    [['doctor', '--help'], 'Limits: 900 requests, 5 minutes'],
    [['listen', '--help'], '--forward-to <url>'],
  ])('%j', async (args, words) => {
    expect(await kindeBilling(args)).toMatchObject({ code: 0, out: expect.stringContaining(words) })
  })
})
