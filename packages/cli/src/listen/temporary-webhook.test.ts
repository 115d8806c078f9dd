import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createManagementClient } from '@kinde-billing/management'
import { startTestManagementApi, type TestManagementApi, type WebhookRecord } from '@kinde-billing/testing/management'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kindeBilling, recordingTerminal, stdinOf } from '../../test/recording-terminal.js'
import { temporaryFolder } from '../../test/temporary-folder.js'
import { listenCommand } from './command.js'
import { registerTemporarily } from './temporary-webhook.js'

const ENDPOINT = 'https://abc.tunnel.example/'
/** A busy machine takes its time. */
const OTHER: WebhookRecord = {
  id: 'w1',
  name: 'Billing',
  endpoint: 'https://app.example/webhooks/kinde',
  event_types: ['customer.plan_changed'],
  created_on: '2026-01-01T00:00:00Z',
}

let kinde: TestManagementApi
let file: string
beforeEach(async () => {
  kinde = await startTestManagementApi()
  file = join(await temporaryFolder(), 'webhooks.json')
})
afterEach(() => kinde.close())

const register = async (isNamed = false, answer = true) => {
  const { KINDE_DOMAIN = '', KINDE_MANAGEMENT_CLIENT_ID, KINDE_MANAGEMENT_CLIENT_SECRET } = kinde.env
  const client = createManagementClient({
    domain: KINDE_DOMAIN,
    clientId: KINDE_MANAGEMENT_CLIENT_ID,
    clientSecret: KINDE_MANAGEMENT_CLIENT_SECRET,
  })
  const confirm = async () => answer
  const endpoint = 'https://abc.tunnel.example'
  const webhook = await registerTemporarily({ client, domain: KINDE_DOMAIN, endpoint, isNamed, file, confirm })
  return webhook ?? { isNew: undefined, remove: async () => {} }
}
const endpoints = () => kinde.tenant.webhooks.map(({ endpoint }) => endpoint)
const records = async () => JSON.parse(await readFile(file, 'utf8'))

describe('registerTemporarily', () => {
  it('creates a webhook, and removes it at the end', async () => {
    const webhook = await register()
    expect(endpoints()).toStrictEqual([ENDPOINT])
    expect(await records()).toHaveLength(1)
    await webhook.remove()
    expect(endpoints()).toStrictEqual([])
    expect(await records()).toStrictEqual([])
  })

  it('removes what a crash has left behind, and nothing else', async () => {
    const left = { ...OTHER, id: 'w2', endpoint: 'https://old.tunnel.example/', event_types: ['user.created'] }
    const foreign = { ...left, id: 'w3', endpoint: 'https://users.example' }
    kinde.tenant.webhooks.push(left, foreign)
    const domain = kinde.env.KINDE_DOMAIN
    // no process has this id
    await writeFile(file, JSON.stringify([{ domain, endpoint: left.endpoint, pid: 2 ** 22 + 1 }]))
    await (await register()).remove()
    expect(endpoints()).toStrictEqual([foreign.endpoint])
  })

  it('removes what a process has left if another one has its id now', async () => {
    const left = { ...OTHER, id: 'w2', endpoint: 'https://old.tunnel.example/', event_types: ['user.created'] }
    kinde.tenant.webhooks.push(left)
    const record = { domain: kinde.env.KINDE_DOMAIN, endpoint: left.endpoint, pid: process.ppid, startedAt: '1' }
    await writeFile(file, JSON.stringify([record]))
    await (await register()).remove()
    expect(endpoints()).toStrictEqual([])
  })

  it('leaves a webhook that has been registered again by hand', async () => {
    const again = { ...OTHER, id: 'w2', endpoint: 'https://old.tunnel.example/', event_types: ['user.created'] }
    kinde.tenant.webhooks.push(again)
    const record = { domain: kinde.env.KINDE_DOMAIN, endpoint: again.endpoint, id: 'w1', pid: 2 ** 22 + 1 }
    await writeFile(file, JSON.stringify([record]))
    await (await register()).remove()
    expect(endpoints()).toStrictEqual([again.endpoint])
  })

  it('remembers a webhook whose creation has failed without an answer', async () => {
    kinde.failNext({ status: 503 }, { on: 'POST /api/v1/webhooks', times: 20 })
    await expect(register()).rejects.toThrow()
    expect(await records()).toHaveLength(1)
  })

  it('creates nothing if the answer is no', async () => {
    expect(await register(false, false)).toMatchObject({ isNew: undefined })
    expect(endpoints()).toStrictEqual([])
  })

  it('leaves a webhook that existed before', async () => {
    kinde.tenant.webhooks.push({ ...OTHER, endpoint: ENDPOINT })
    const webhook = await register()
    expect(webhook.isNew).toBe(false)
    await webhook.remove()
    expect(endpoints()).toStrictEqual([ENDPOINT])
  })

  it('refuses what looks like production, unless it is named', async () => {
    kinde.tenant.webhooks.push(OTHER)
    await expect(register()).rejects.toThrow(/looks like production: https:\/\/app\.example.* --register 127\.0\.0\.1/)
    expect(endpoints()).toStrictEqual([OTHER.endpoint])
    await (await register(true)).remove()
    expect(endpoints()).toStrictEqual([OTHER.endpoint])
  })
})

describe('listen --register', () => {
  it('registers while it runs', async () => {
    const stop = new AbortController()
    const env = { ...kinde.env, XDG_STATE_HOME: await temporaryFolder() }
    const { terminal, written } = await recordingTerminal({ env, signal: stop.signal })
    const options = { port: 0, url: ENDPOINT, register: true, issuer: 'https://acme.kinde.com', yes: true }
    const ended = listenCommand(options, terminal)
    await expect.poll(() => written.err).toContain('Listening at')
    expect(endpoints()).toStrictEqual([ENDPOINT])
    stop.abort()
    expect(await ended).toBe(0)
    expect(endpoints()).toStrictEqual([])
  })

  it('asks before it creates the webhook, and creates none if the answer is no', async () => {
    const env = { ...kinde.env, XDG_STATE_HOME: await temporaryFolder() }
    const args = ['listen', '--port', '0', '--register', '--url', ENDPOINT]
    const { code, err } = await kindeBilling(args, { env, isInteractive: true, stdin: stdinOf('n\n') })
    expect(code).toBe(1)
    expect(err).toContain(`Create a webhook of all billing events for ${ENDPOINT} at ${kinde.env.KINDE_DOMAIN}`)
    expect(err).toContain('Nothing was registered.')
    expect((await kindeBilling(args, { env })).err).toContain('Pass --yes to do it')
    expect(endpoints()).toStrictEqual([])
  })

  it('reads the answer from the keys of a terminal, and shows the screen afterwards', async () => {
    const stop = new AbortController()
    const env = { ...kinde.env, XDG_STATE_HOME: await temporaryFolder() }
    let listener = (_key: string): void => {}
    const keyboard = {
      rows: 24,
      columns: 80,
      onKey(next: (key: string) => void) {
        listener = next
        return () => {
          listener = () => {}
        }
      },
    }
    const { terminal, written } = await recordingTerminal({ env, signal: stop.signal, isInteractive: true, keyboard })
    const ended = listenCommand({ port: 0, url: ENDPOINT, register: true }, terminal)
    await expect.poll(() => written.err).toContain('[y/N]')
    for (const key of ['n', 'backspace', 'y', 'return']) listener(key)
    await expect.poll(() => endpoints()).toStrictEqual([ENDPOINT])
    await expect.poll(() => written.out).toContain('Listening at')
    listener('q')
    expect(await ended).toBe(0)
    expect(endpoints()).toStrictEqual([])
  })

  it.each([
    [['--register'], '--register needs --url'],
    [['--register', 'other.kinde.com', '--url', ENDPOINT], '--register names other.kinde.com, but KINDE_DOMAIN is'],
  ])('exits with 2: %j', async (args, message) => {
    const env = { ...kinde.env, XDG_STATE_HOME: await temporaryFolder() }
    const { code, err } = await kindeBilling(['listen', '--port', '0', ...args], { env })
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining(message) })
    expect(endpoints()).toStrictEqual([])
  })
})
