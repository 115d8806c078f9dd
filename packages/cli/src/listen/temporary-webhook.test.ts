import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createManagementClient } from '@kinde-billing/management'
import { startTestManagementApi, type TestManagementApi, type WebhookRecord } from '@kinde-billing/testing/management'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kindeBilling, recordingTerminal } from '../../test/recording-terminal.js'
import { temporaryFolder } from '../../test/temporary-folder.js'
import { listenCommand } from './command.js'
import { registerTemporarily } from './temporary-webhook.js'

const ENDPOINT = 'https://abc.tunnel.example/'
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

const register = (isNamed = false) => {
  const { KINDE_DOMAIN = '', KINDE_MANAGEMENT_CLIENT_ID, KINDE_MANAGEMENT_CLIENT_SECRET } = kinde.env
  const client = createManagementClient({
    domain: KINDE_DOMAIN,
    clientId: KINDE_MANAGEMENT_CLIENT_ID,
    clientSecret: KINDE_MANAGEMENT_CLIENT_SECRET,
  })
  return registerTemporarily({ client, domain: KINDE_DOMAIN, endpoint: 'https://abc.tunnel.example', isNamed, file })
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
    const ended = listenCommand({ port: 0, url: ENDPOINT, register: true, issuer: 'https://acme.kinde.com' }, terminal)
    await expect.poll(() => written.err).toContain('Listening at')
    expect(endpoints()).toStrictEqual([ENDPOINT])
    stop.abort()
    expect(await ended).toBe(0)
    expect(endpoints()).toStrictEqual([])
  })

  it.each([
    [['--register'], '--register needs --url'],
    [['--register', 'other.kinde.com', '--url', ENDPOINT], '--register names other.kinde.com, but KINDE_DOMAIN is'],
  ])('%j exits with 2', async (args, message) => {
    const env = { ...kinde.env, XDG_STATE_HOME: await temporaryFolder() }
    const { code, err } = await kindeBilling(['listen', '--port', '0', ...args], { env })
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining(message) })
    expect(endpoints()).toStrictEqual([])
  })
})
