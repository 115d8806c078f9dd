import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { decodeBillingEvent } from '@kinde-billing/core'
import { billingEventFixture, deliver } from '@kinde-billing/testing'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { kindeBilling, recordingTerminal } from '../../test/recording-terminal.js'
import { captureCommand } from './command.js'

const issuer = await startTestIssuer()
const stranger = await startTestIssuer()
afterAll(() => Promise.all([issuer.close(), stranger.close()]))

const running: (() => Promise<number>)[] = []
afterEach(() => Promise.all(running.splice(0).map((stop) => stop())))

/** Starts a capture, and waits until it listens. */
async function capturing(options: { issuer?: string; limit?: number; json?: boolean } = {}) {
  const stop = new AbortController()
  const { terminal, written, home } = await recordingTerminal({ signal: stop.signal })
  let isListening = (): void => {}
  const listening = new Promise<void>((resolve) => {
    isListening = resolve
  })
  const err = (text: string): void => {
    written.err += text
    isListening()
  }
  const ended = captureCommand({ port: 0, out: 'fixtures', ...options }, { ...terminal, err })
  running.push(() => {
    stop.abort()
    return ended
  })
  await listening
  const url = /http:\/\/\S+/.exec(written.err)?.[0] ?? ''
  const files = async () => (await readdir(join(home, 'fixtures'))).toSorted()
  const read = async (name: string) => JSON.parse(await readFile(join(home, 'fixtures', name), 'utf8'))
  return { url, written, files, read, ended }
}

const claims = billingEventFixture('customer.plan_changed', {
  data: { plan_code: 'golden', note: 'by Ada Lovelace, ada@acme.com' },
})
const token = issuer.sign(claims)

describe('with an issuer', () => {
  it("stores what it has signed, each attempt, under the event's type", async () => {
    const { url, files, read, written } = await capturing({ issuer: issuer.issuer })
    expect(await deliver(url, await token)).toMatchObject({ status: 200, body: { status: 'processed' } })
    expect(await deliver(url, await token)).toMatchObject({ status: 200, body: { status: 'processed' } })
    const other = await issuer.sign({ ...claims, type: 'user.created', event_id: 'event_2' })
    expect(await deliver(url, other)).toMatchObject({ status: 200, body: { status: 'unsupported' } })
    expect(await files()).toStrictEqual([
      'customer.plan_changed-0001.json',
      'customer.plan_changed-0002.json',
      'user.created-0003.json',
    ])
    const fixture = await read('customer.plan_changed-0001.json')
    expect(decodeBillingEvent(fixture)).toMatchObject({ plan: { code: expect.any(String) } })
    expect(await read('customer.plan_changed-0002.json')).toStrictEqual(fixture)
    expect(written.out).toContain('holds type, id, occurredAt, timestamp, source, customer.id')
  })

  it("stores nothing of anybody else's, and says why", async () => {
    const { url, files, written } = await capturing({ issuer: issuer.issuer })
    const forged = await stranger.sign(claims, { header: { kid: issuer.kid } })
    expect(await deliver(url, forged)).toMatchObject({ status: 401, body: { error: 'unauthorized' } })
    expect((await fetch(url)).status).toBe(405)
    expect(await files()).toStrictEqual([])
    expect(written.out).toContain('401 invalid_signature')
    expect(written.out).toContain('405 method_not_allowed')
  })
})

describe('without an issuer', () => {
  it('stores what looks like a token, and says in the name that nobody has verified it', async () => {
    const { url, files, written } = await capturing()
    expect(await deliver(url, await stranger.sign(claims))).toMatchObject({
      status: 200,
      body: { status: 'processed' },
    })
    expect(await files()).toStrictEqual(['customer.plan_changed-0001.unverified.json'])
    expect(written.err).toContain("Unverified: anybody's token is taken")
    expect(written.out).toContain('200 processed unverified')
  })

  it.each([
    ['no token', 'hello', 401, 'malformed_token'],
    ['no claims', 'a.W10.c', 401, 'malformed_token'],
    [
      'nesting without end',
      `a.${Buffer.from(`{"a":${'['.repeat(500)}${']'.repeat(500)}}`).toString('base64url')}.c`,
      401,
      'malformed_token',
    ],
    ['more than a mebibyte', `a.${'A'.repeat(1024 * 1024)}.c`, 413, 'payload_too_large'],
  ])('refuses %s in the words of the receiver', async (_what, body, status, outcome) => {
    const { url, files, written } = await capturing()
    expect((await deliver(url, body)).status).toBe(status)
    expect((await fetch(url)).headers.get('allow')).toBe('POST')
    expect(await files()).toStrictEqual([])
    expect(written.out).toContain(`${status} ${outcome}`)
  })
})

describe('what is written', () => {
  it('holds nothing of the delivery: neither in files, nor on the terminal', async () => {
    const { url, files, read, written } = await capturing({ issuer: issuer.issuer, json: true })
    await deliver(url, await token, { webhookId: 'webhook-of-ada' })
    const [name = ''] = await files()
    const all = JSON.stringify(await read(name)) + written.out + written.err
    const secrets = ['ada', 'Lovelace', 'acme', 'webhook-of', claims.event_id, ...(await token).split('.')]
    for (const secret of [...secrets, ...Object.values(claims.data).map(String)]) expect(all).not.toContain(secret)
    expect(JSON.parse(written.out)).toMatchObject({
      status: 200,
      outcome: 'processed',
      isVerified: true,
      file: expect.any(String),
    })
  })

  it('never overwrites, and ends at the limit', async () => {
    const { url, files, ended, written } = await capturing({ limit: 2 })
    await deliver(url, await token)
    await deliver(url, await token)
    expect(await ended).toBe(0)
    expect(await files()).toHaveLength(2)
    expect(written.err).toContain('2 fixtures in ')
  })

  it('counts on where the last capture ended', async () => {
    const { openFixtureStore } = await import('./store.js')
    const { home } = await recordingTerminal()
    await (await openFixtureStore(home)).write({ type: 'customer.plan_changed' }, true)
    await (await openFixtureStore(home)).write({ type: '../../etc/passwd' }, false)
    expect((await readdir(home)).toSorted()).toStrictEqual([
      'customer.plan_changed-0001.json',
      'event-0002.unverified.json',
    ])
  })
})

describe('a client that does not end', () => {
  it('is not waited for when the capture ends', async () => {
    const { url, ended } = await capturing()
    const open = request(url, { method: 'POST', headers: { 'content-length': 100 } })
    const cut = new Promise((resolve) => open.on('error', resolve))
    open.write('a')
    await new Promise((resolve) => open.once('socket', (socket) => socket.once('connect', resolve)))
    running.splice(0).map((stop) => stop())
    expect(await ended).toBe(0)
    await cut
  })
})

describe('called wrongly', () => {
  it.each([
    [['--issuer', 'acme.kinde.com'], 'issuer is "acme.kinde.com"'],
    [['--port', '99999'], 'Pass a whole number from 0 to 65535'],
    [['--out', '/dev/null'], 'EEXIST'],
  ])('%j: exit code 2', async (args, message) => {
    expect(await kindeBilling(['capture', '--port', '0', ...args])).toMatchObject({
      code: 2,
      err: expect.stringContaining(message),
    })
  })
})
