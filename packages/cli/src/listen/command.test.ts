import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { createBillingVerifier, decodeBillingEvent } from '@kinde-billing/core'
import { billingEventFixture, deliver } from '@kinde-billing/testing'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { kindeBilling, recordingTerminal } from '../../test/recording-terminal.js'
import { temporaryFolder } from '../../test/temporary-folder.js'
import type { Keyboard } from '../terminal.js'
import { type ListenCommandOptions, listenCommand } from './command.js'

const issuer = await startTestIssuer()
const stranger = await startTestIssuer()
afterAll(() => Promise.all([issuer.close(), stranger.close()]))

const running: (() => unknown)[] = []
afterEach(() => Promise.all(running.splice(0).map((stop) => stop())))

/** Starts the command and waits until it listens. */
async function listening(options: Partial<ListenCommandOptions> = {}, state?: string, keyboard?: Keyboard) {
  const stop = new AbortController()
  const { terminal, written, home } = await recordingTerminal({ signal: stop.signal, keyboard })
  let isListening = (): void => {}
  const started = new Promise<void>((resolve) => {
    isListening = resolve
  })
  const hear = (text: string): void => {
    if (text.includes('Listening at')) isListening()
  }
  const ended = listenCommand(
    { port: 0, save: 'fixtures', ...options },
    {
      ...terminal,
      env: { XDG_STATE_HOME: state ?? (await temporaryFolder()) },
      out: (text) => {
        written.out += text
        hear(text)
      },
      err: (text) => {
        written.err += text
        hear(text)
      },
    },
  )
  const end = () => {
    stop.abort()
    return ended
  }
  running.push(end)
  await Promise.race([started, ended])
  const url = /http:\/\/127[^\s)]+/.exec(written.err + written.out)?.[0]?.replace(/[,;]$/, '') ?? ''
  const files = async () => (await readdir(join(home, 'fixtures'))).toSorted()
  const read = async (name: string) => JSON.parse(await readFile(join(home, 'fixtures', name), 'utf8'))
  return { url, written, files, read, ended, end }
}

/** An application that keeps what it gets. */
async function application(answer: () => number | Promise<number> = () => 200) {
  const seen: (Pick<IncomingMessage, 'headers' | 'rawHeaders'> & { readonly body: Buffer })[] = []
  const server = createServer(async (incoming, response) => {
    const { headers, rawHeaders } = incoming
    seen.push({ headers, rawHeaders, body: await buffer(incoming) })
    response
      .writeHead(await answer(), { 'content-type': 'application/json', 'retry-after': '7' })
      .end('{"status":"processed"}')
  }).listen(0, '127.0.0.1')
  running.push(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/kinde`, seen, server }
}

const claims = billingEventFixture('customer.plan_changed', {
  data: { plan_code: 'golden', note: 'by Ada Lovelace, ada@acme.com' },
})
const token = issuer.sign(claims)

describe('with an issuer', () => {
  it("saves each attempt that it has signed under the event's type", async () => {
    const { url, files, read, written } = await listening({ issuer: issuer.issuer })
    expect(await deliver(url, await token)).toMatchObject({ status: 200, body: { status: 'processed' } })
    expect(await deliver(url, await token)).toMatchObject({ status: 200, body: { status: 'processed' } })
    const other = await issuer.sign({ ...claims, type: 'user.created', event_id: 'event_2' })
    expect(await deliver(url, other)).toMatchObject({ status: 200 })
    expect(await files()).toStrictEqual([
      'customer.plan_changed-0001.json',
      'customer.plan_changed-0002.json',
      'user.created-0003.json',
    ])
    const fixture = await read('customer.plan_changed-0001.json')
    expect(decodeBillingEvent(fixture)).toMatchObject({ plan: { code: expect.any(String) } })
    expect(await read('customer.plan_changed-0002.json')).toStrictEqual(fixture)
    // the name of the folder decides where lines break
    expect(written.out.replace(/\s+/g, ' ')).toContain('contains type, id, occurredAt, timestamp, source,')
  })

  it('saves nothing that it has not signed, and says why', async () => {
    const { url, files, written } = await listening({ issuer: issuer.issuer })
    const forged = await stranger.sign(claims, { header: { kid: issuer.kid } })
    expect(await deliver(url, forged)).toMatchObject({ status: 401, body: { error: 'unauthorized' } })
    expect((await fetch(url)).status).toBe(405)
    expect(await files()).toStrictEqual([])
    expect(written.out).toContain('401 invalid_signature')
    expect(written.out).toContain('405 method_not_allowed')
  })
})

describe('without an issuer', () => {
  it('saves whatever looks like a token, and says so in the file name', async () => {
    const { url, files, written } = await listening()
    expect(await deliver(url, await stranger.sign(claims))).toMatchObject({
      status: 200,
      body: { status: 'processed' },
    })
    expect(await files()).toStrictEqual(['customer.plan_changed-0001.unverified.json'])
    expect(written.err).toContain('signatures are not checked: pass --issuer')
    expect(written.out).toContain('200 processed  unverified')
  })

  it.each([
    ['text', 'hello', 401, 'malformed_token'],
    ['a list of claims', 'a.W10.c', 401, 'malformed_token'],
    [
      'deep nesting',
      `a.${Buffer.from(`{"a":${'['.repeat(500)}${']'.repeat(500)}}`).toString('base64url')}.c`,
      401,
      'malformed_token',
    ],
    ['more than a mebibyte', `a.${'A'.repeat(1024 * 1024)}.c`, 413, 'payload_too_large'],
  ])('refuses %s as a receiver does', async (_what, body, status, outcome) => {
    const { url, files, written } = await listening()
    expect((await deliver(url, body)).status).toBe(status)
    expect((await fetch(url)).headers.get('allow')).toBe('POST')
    expect(await files()).toStrictEqual([])
    expect(written.out).toContain(`${status} ${outcome}`)
  })
})

describe('a fixture', () => {
  it('contains nothing of the delivery', async () => {
    const { url, files, read, written } = await listening({ issuer: issuer.issuer, json: true })
    await deliver(url, await token, { webhookId: 'webhook-of-ada' })
    const [name = ''] = await files()
    const fixture = JSON.stringify(await read(name))
    const secrets = ['ada', 'Lovelace', 'acme', 'webhook-of', claims.event_id, ...(await token).split('.')]
    for (const secret of [...secrets, ...Object.values(claims.data).map(String)]) expect(fixture).not.toContain(secret)
    for (const part of (await token).split('.')) expect(written.out + written.err).not.toContain(part)
    expect(JSON.parse(written.out)).toMatchObject({
      id: 1,
      type: 'customer.plan_changed',
      status: 200,
      outcome: 'processed',
      isVerified: true,
      file: expect.any(String),
    })
  })

  it('never overwrites, and ends at the limit', async () => {
    const { url, files, ended, written } = await listening({ limit: 2 })
    await deliver(url, await token)
    await deliver(url, await token)
    expect(await ended).toBe(0)
    expect(await files()).toHaveLength(2)
    expect(written.err).toContain('2 deliveries received.')
  })

  it('continues the numbers of earlier fixtures', async () => {
    const { openFixtureStore } = await import('../fixtures/store.js')
    const { home } = await recordingTerminal()
    await (await openFixtureStore(home)).write({ type: 'customer.plan_changed' }, true)
    await (await openFixtureStore(home)).write({ type: '../../etc/passwd' }, false)
    expect((await readdir(home)).toSorted()).toStrictEqual([
      'customer.plan_changed-0001.json',
      'event-0002.unverified.json',
    ])
  })
})

describe('--forward-to', () => {
  it('forwards the exact body and headers, and returns the answer', async () => {
    const app = await application()
    const { url, written } = await listening({ issuer: issuer.issuer, forwardTo: app.url, save: false })
    const body = `${await token}\n`
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/jwt', 'webhook-id': 'w1', 'x-any': 'a, b' },
      body,
    })
    expect(await answer.json()).toStrictEqual({ status: 'processed' })
    const [seen] = app.seen
    expect(seen?.body.toString()).toBe(body)
    expect(seen?.headers).toMatchObject({ 'content-type': 'application/jwt', 'webhook-id': 'w1', 'x-any': 'a, b' })
    expect(seen?.headers.host).toBe(new URL(app.url).host)
    const verifier = createBillingVerifier({ issuer: issuer.issuer })
    expect((await verifier.verifyAndParse(seen?.body ?? '')).id).toBe(claims.event_id)
    expect(written.out).toMatch(/authentic {2}customer\.plan_changed {2}customer_\w+ {2}→ 200 processed in \d+ ms/)
  })

  it('forwards names in their case, each line of a repeated header, and a body that is no text', async () => {
    const app = await application(() => 429)
    const { url } = await listening({ issuer: issuer.issuer, forwardTo: app.url, save: false })
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const status = await new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', headers: { 'X-Two': ['a', 'b'], 'Content-Encoding': 'gzip' } })
      sent.once('response', (response) => resolve([response.statusCode, response.headers['retry-after']]))
      sent.once('error', reject)
      sent.write(bytes.subarray(0, 100))
      sent.end(bytes.subarray(100))
    })
    expect(status).toEqual([429, '7'])
    const [seen] = app.seen
    expect(seen?.body).toEqual(bytes)
    const lines = seen?.rawHeaders.join('\n')
    expect(lines).toContain('X-Two\na\nX-Two\nb')
    expect(lines).toContain('Content-Encoding\ngzip')
    expect(lines).toContain('content-length\n256')
  })

  it("returns the application's failure, and answers 502 while it is down", async () => {
    const app = await application(() => 503)
    const { url, written } = await listening({ issuer: issuer.issuer, forwardTo: app.url, save: false })
    expect((await deliver(url, await token)).status).toBe(503)
    await new Promise((resolve) => app.server.close(resolve).closeAllConnections())
    expect((await deliver(url, await token)).status).toBe(502)
    expect(written.out).toContain('→ 503 processed')
    expect(written.out).toContain('→ no answer (ECONNREFUSED)')
  })
})

describe('the history', () => {
  const entry = (id: number, body: string) => ({ id, receivedAt: '2026-05-01T00:00:00Z', request: { body } })

  it('survives a restart, readable by its owner only', async () => {
    const state = await temporaryFolder()
    const first = await listening({ issuer: issuer.issuer, save: false, json: true }, state)
    await deliver(first.url, await token)
    await first.end()
    const second = await listening({ issuer: issuer.issuer, save: false, json: true }, state)
    await deliver(second.url, await token)
    expect(JSON.parse(second.written.out)).toMatchObject({ id: 2 })
    await second.end()
    const file = join(state, 'kinde-billing', 'listen-history.json')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(file, 'utf8'))).toHaveLength(2)
  })

  it.each([
    ['damaged', '[{"id": 1, "requ'],
    ['of another form', '{"entries": {}}'],
    ['far too long', JSON.stringify(Array.from({ length: 10_000 }, (_, id) => entry(id, 'x')))],
    ['too large', JSON.stringify(Array.from({ length: 20 }, (_, id) => entry(id, 'x'.repeat(1e6))))],
  ])('starts and stays small with a file that is %s', async (_, text) => {
    const state = await temporaryFolder()
    const file = join(state, 'kinde-billing', 'listen-history.json')
    await mkdir(join(state, 'kinde-billing'))
    await writeFile(file, text)
    const { url, end } = await listening({ issuer: issuer.issuer, save: false }, state)
    await deliver(url, await token)
    await end()
    const entries = JSON.parse(await readFile(file, 'utf8'))
    expect(entries.at(-1)).toMatchObject({ type: 'customer.plan_changed' })
    expect(entries.length).toBeLessThanOrEqual(200)
    expect((await stat(file)).size).toBeLessThan(9e6)
  })

  it('is not kept with --no-history', async () => {
    const state = await temporaryFolder()
    const { url, end } = await listening({ save: false, history: false }, state)
    await deliver(url, await token)
    await end()
    expect(await readdir(state)).toStrictEqual([])
  })
})

describe('in a terminal', () => {
  const LEFT_SCREEN = '\x1b[?25h\x1b[?1049l'

  const withKeyboard = async (forwardTo: string) => {
    let press = (_key: string): void => {}
    const keyboard: Keyboard = {
      rows: 60,
      columns: 60,
      onKey(listener) {
        press = listener
        return () => {}
      },
    }
    const run = await listening({ issuer: issuer.issuer, forwardTo, save: false }, undefined, keyboard)
    return { ...run, press: (key: string) => press(key) }
  }

  it('lists deliveries, shows details, resends and quits by key', async () => {
    const app = await application()
    const { url, written, ended, press } = await withKeyboard(app.url)
    await deliver(url, await token)
    expect(written.out).toContain('customer.plan_changed')
    press('return')
    expect(written.out).toContain('"plan_code": "golden"')
    const seen = app.seen.length
    press('r')
    await expect.poll(() => app.seen.length).toBe(seen + 1)
    expect(app.seen.at(-1)?.body).toStrictEqual(app.seen[0]?.body)
    press('q')
    expect(await ended).toBe(0)
    expect(written.out.endsWith(LEFT_SCREEN)).toBe(true)
  })

  it('draws nothing after it has left the screen, while a delivery is still answered', async () => {
    let answer = (_status: number): void => {}
    const app = await application(() => new Promise((resolve) => (answer = resolve)))
    const { url, written, ended, press } = await withKeyboard(app.url)
    const response = deliver(url, await token)
    await expect.poll(() => app.seen.length).toBe(1)
    press('q')
    expect(await ended).toBe(0)
    expect((await response).status).toBe(502)
    answer(200)
    expect(written.out.endsWith(LEFT_SCREEN)).toBe(true)
  })
})

describe('an open connection', () => {
  it('does not keep the command from ending', async () => {
    const { url, ended } = await listening()
    const open = request(url, { method: 'POST', headers: { 'content-length': 100 } })
    const cut = new Promise((resolve) => open.on('error', resolve))
    open.write('a')
    await new Promise((resolve) => open.once('socket', (socket) => socket.once('connect', resolve)))
    running.splice(0).map((stop) => stop())
    expect(await ended).toBe(0)
    await cut
  })
})

describe('incorrect calls', () => {
  it.each([
    [['--issuer', 'acme.kinde.com'], '--issuer is "acme.kinde.com"'],
    [['--port', '99999'], 'Pass a whole number from 0 to 65535'],
    [['--save', '/dev/null'], 'EEXIST'],
    [['--forward-to', 'http://93.184.216.34/'], 'Pass --allow-remote'],
  ])('exits with 2: %j', async (args, message) => {
    expect(await kindeBilling(['listen', '--port', '0', ...args])).toMatchObject({
      code: 2,
      err: expect.stringContaining(message),
    })
  })
})
