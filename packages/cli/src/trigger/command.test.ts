import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { BILLING_EVENT_TYPES, createBillingVerifier, decodeBillingEvent } from '@kinde-billing/core'
import { afterEach, describe, expect, it } from 'vitest'
import { kindeBilling, recordingTerminal } from '../../test/recording-terminal.js'
import { run } from '../program.js'
import { triggerCommand } from './command.js'

interface Seen {
  readonly token: string
  readonly webhookId: string
  readonly type: string
  readonly atMs: number
}

const running: { close(): unknown }[] = []
afterEach(() => running.splice(0).map((server) => server.close()))

/** An endpoint that keeps what it gets, and answers what the test says. */
async function endpoint(answer: (seen: readonly Seen[]) => number = () => 200) {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const { 'webhook-id': webhookId, 'content-type': type } = request.headers
    seen.push({ token: await text(request), webhookId: String(webhookId), type: String(type), atMs: performance.now() })
    response.writeHead(answer(seen), { 'content-type': 'application/json' }).end('{"status":"processed"}')
  }).listen(0, '127.0.0.1')
  running.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/kinde`, seen }
}

const trigger = (...args: string[]) => kindeBilling(['trigger', ...args, '--issuer-port', '0'])
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

describe('genuine deliveries', () => {
  it('cover every billing event, signed by an issuer that is served meanwhile', async () => {
    const { terminal, written } = await recordingTerminal()
    const verified: string[] = []
    const { url, seen } = await endpoint(() => 200)
    const issuerOf = (): string => /KINDE_ISSUER_URL=(\S+)/.exec(written.err)?.[1] ?? ''
    const server = createServer(async (request, response) => {
      const verifier = createBillingVerifier({ issuer: issuerOf() })
      verified.push((await verifier.verifyAndParse(await text(request))).type)
      response.end('ok')
    }).listen(0, '127.0.0.1')
    running.push(server)
    await new Promise((resolve) => server.once('listening', resolve))
    const application = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

    expect(await run(['trigger', 'all', '--to', application, '--issuer-port', '0'], terminal)).toBe(0)
    expect(verified).toStrictEqual([...BILLING_EVENT_TYPES])
    expect(written.out).toContain('8 of 8 deliveries ended with 200.')
    await expect(fetch(issuerOf())).rejects.toThrow()

    await run(['trigger', 'customer.plan_changed', '--to', url, '--issuer-port', '0'], terminal)
    expect(seen).toMatchObject([{ type: 'application/jwt', webhookId: expect.stringMatching(/^[\w-]{36}$/) }])
  })

  it('follow --dialect and --data', async () => {
    const { terminal, home } = await recordingTerminal()
    const { url, seen } = await endpoint()
    await writeFile(join(home, 'data.json'), '{"plan":{"code":"gold"},"extra":1}')
    const flags = ['--to', url, '--issuer-port', '0', '--dialect', 'nested', '--data', 'data.json']
    expect(await run(['trigger', 'customer.plan_changed', ...flags], terminal)).toBe(0)
    const event = decodeBillingEvent(claimsOf(seen[0]?.token ?? ''))
    expect(event).toMatchObject({ type: 'customer.plan_changed', plan: { code: 'gold' }, data: { extra: 1 } })
    expect(event.customer.id).toMatch(/^customer_/)
    expect(event.data).not.toHaveProperty('customer_id')
  })

  it('are repeated with the same token and webhook-id, in order or shuffled', async () => {
    const { url, seen } = await endpoint()
    const flags = ['--to', url, '--count', '5', '--duplicates', '2']
    const { out } = await trigger('customer.payment_failed', ...flags)
    expect(out).toContain('15 of 15 deliveries ended with 200.')
    expect(out.match(/genuine, again/g)).toHaveLength(10)
    const order = seen.map(({ token }) => token)
    expect(new Set(order).size).toBe(5)
    expect(new Set(seen.map(({ webhookId }) => webhookId)).size).toBe(5)
    for (let index = 0; index < 15; index += 3) expect(new Set(order.slice(index, index + 3)).size).toBe(1)

    seen.length = 0
    await trigger('customer.payment_failed', ...flags, '--shuffle')
    const mixed = seen.map(({ token }) => token)
    expect(new Set(mixed).size).toBe(5)
    expect(mixed.some((token, index) => index % 3 !== 0 && token !== mixed[index - 1])).toBe(true)
  })

  it("are tried again on Kinde's schedule, sped up", async () => {
    const { url, seen } = await endpoint((all) => (all.length < 4 ? 503 : 200))
    const { code, out } = await trigger(
      'customer.payment_failed',
      '--to',
      url,
      '--retries',
      '--speed',
      '1000',
      '--json',
    )
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      summary: { deliveries: 1, attempts: 4, ok: 1, answers: { '503 processed': 3, '200 processed': 1 } },
      deliveries: [{ type: 'customer.payment_failed', ok: true, attempts: [{}, {}, {}, { status: 200 }] }],
    })
    const [first, , , fourth] = seen.map(({ atMs }) => atMs)
    expect((fourth ?? 0) - (first ?? 0)).toBeGreaterThan(110)
    expect(new Set(seen.map(({ token }) => token)).size).toBe(1)
  })

  it('end after ten attempts, or once without --retries', async () => {
    const { url, seen } = await endpoint(() => 500)
    expect((await trigger('customer.payment_failed', '--to', url, '--retries', '--speed', '1000000')).code).toBe(1)
    expect(seen).toHaveLength(10)
    seen.length = 0
    expect((await trigger('customer.payment_failed', '--to', url)).code).toBe(1)
    expect(seen).toHaveLength(1)
  })
})

describe('forged deliveries', () => {
  const forge = async (status: number) => {
    const { url, seen } = await endpoint(() => status)
    return { ...(await trigger('customer.plan_changed', '--to', url, '--forge', '--retries')), seen }
  }

  it('count as expected when they are refused, and are not retried', async () => {
    const { code, out, seen } = await forge(401)
    expect(code).toBe(0)
    expect(out).toContain('1 of 1 forged deliveries were refused.')
    expect(seen).toHaveLength(1)
  })

  it.each([200, 503])('count as failed when the answer is %i', async (status) => {
    expect(await forge(status)).toMatchObject({ code: 1, out: expect.stringContaining('anybody can sign') })
  })
})

describe('failures', () => {
  it('come with the likeliest cause', async () => {
    const { url } = await endpoint(() => 401)
    const refused = await trigger('customer.plan_changed', '--to', url)
    expect(refused.out).toContain(
      'The application trusts another issuer. Start it with KINDE_ISSUER_URL=http://127.0.0.1:',
    )
    const { url: gone } = await endpoint()
    running.splice(0).map((server) => server.close())
    const unreachable = await trigger('customer.plan_changed', '--to', gone)
    expect(unreachable).toMatchObject({ code: 1, out: expect.stringContaining('no answer: ECONNREFUSED') })
    expect(unreachable.out).toContain('Nothing listens there. Start the application')
  })

  it('stops when interrupted and reports what it has', async () => {
    const stop = new AbortController()
    const { url } = await endpoint((seen) => {
      if (seen.length === 3) stop.abort()
      return 200
    })
    const { terminal, written } = await recordingTerminal({ signal: stop.signal })
    const code = await triggerCommand('customer.plan_changed', { to: url, issuerPort: 0, count: 50 }, terminal)
    expect(code).toBe(1)
    expect(written.out).toMatch(/^2 of 50 deliveries ended with 200\.$/m)
  })

  it.each([
    [
      ['customer.plan_created', '--to', 'http://127.0.0.1:1'],
      '"customer.plan_created" is not a billing event type. Pass all, or',
    ],
    [['all'], "required option '--to <url>' not specified"],
    [['all', '--to', 'http://93.184.216.34/'], 'Pass --allow-remote to send'],
    [['all', '--to', 'http://127.0.0.1:1', '--count', '0'], 'Pass a whole number from 1 to 10000'],
    [
      ['all', '--to', 'http://127.0.0.1:1', '--count', '2000'],
      'That is 16000 deliveries, but one run makes at most 10000',
    ],
    [['all', '--to', 'http://127.0.0.1:1', '--dialect', 'deep'], 'Allowed choices are mixed, flat, nested'],
    [['all', '--to', 'http://127.0.0.1:1', '--data', 'nowhere.json'], 'Cannot read nowhere.json (ENOENT)'],
    [['all', '--to', 'http://127.0.0.1:1', '--data', '.'], 'Cannot read . (EISDIR)'],
  ])('exits with 2: %j', async (args, message) => {
    expect(await trigger(...args)).toMatchObject({ code: 2, err: expect.stringContaining(message) })
  })

  it("names the issuer's port when it is taken", async () => {
    const { url } = await endpoint()
    const { code, err } = await kindeBilling(['trigger', 'all', '--to', url, '--issuer-port', new URL(url).port])
    expect(code).toBe(2)
    expect(err).toMatch(/cannot listen on port \d+ .*Choose another with --issuer-port/)
  })
})

describe('many deliveries', () => {
  it('are counted on a progress bar and summed up without a table', async () => {
    const { url } = await endpoint()
    const flags = ['--to', url, '--count', '100', '--concurrency', '10', '--issuer-port', '0']
    const watched = await kindeBilling(['trigger', 'customer.plan_changed', ...flags], { isInteractive: true })
    expect(watched.err).toMatch(/█+░* \d+\/100 deliveries/)
    expect(watched.err.endsWith('\r\x1b[2K')).toBe(true)
    expect(watched.out).toContain('100 of 100 deliveries ended with 200.\n100 attempts; median')
    expect(watched.out).not.toContain('event_')
    expect((await kindeBilling(['trigger', 'customer.plan_changed', ...flags])).err).not.toContain('█')
  })
})
