import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { startTestManagementApi, type TestManagementApi, type WebhookRecord } from '@kinde-billing/testing/management'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kindeBilling, recordingTerminal, stdinOf } from '../../test/recording-terminal.js'
import { type EnsureCommandOptions, ensureCommand } from './ensure.js'

const ENDPOINT = 'https://app.example/webhooks/kinde'
const OLD: WebhookRecord = {
  id: 'w1',
  name: 'Billing',
  endpoint: 'https://old.example/webhooks/kinde',
  event_types: ['customer.plan_changed', 'user.created'],
  created_on: '2026-01-01T00:00:00Z',
}

let kinde: TestManagementApi
beforeEach(async () => {
  kinde = await startTestManagementApi()
})
afterEach(() => kinde.close())

const run = (...args: string[]) => kindeBilling(['webhooks', ...args], { env: kinde.env })
const writes = () => kinde.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method)

/** Without a resolver: the endpoint's name does not exist. */
async function ensure(options: Partial<EnsureCommandOptions>, answer?: string) {
  const { terminal, written } = await recordingTerminal({
    env: kinde.env,
    ...(answer !== undefined && { isInteractive: true, stdin: stdinOf(answer) }),
  })
  const lookup = () => Promise.reject(new Error('ENOTFOUND'))
  const code = await ensureCommand({ endpoint: ENDPOINT, lookup, ...options }, terminal)
  return { code, ...written }
}

describe('webhooks ensure', () => {
  it('shows what it will create, warns of an endpoint that does not answer, and creates it with --yes', async () => {
    const { code, out, err } = await ensure({ yes: true })
    expect(code).toBe(0)
    for (const type of BILLING_EVENT_TYPES) expect(err).toContain(`+ ${type}`)
    expect(err).toContain('app.example does not resolve')
    expect(out).toMatch(/^created we_/)
    expect(kinde.tenant.webhooks).toMatchObject([{ endpoint: ENDPOINT, event_types: [...BILLING_EVENT_TYPES] }])
    const again = await ensure({})
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/^unchanged we_/) })
    expect(writes()).toEqual(['POST'])
  })

  it.each([
    ['y\n', 0, ['POST']],
    ['yes', 0, ['POST']],
    ['n\n', 1, []],
    ['\n', 1, []],
    ['', 1, []],
  ])('asks, and takes %j', async (answer, code, sent) => {
    expect(await ensure({}, answer)).toMatchObject({ code, err: expect.stringContaining('Change it in Kinde? [y/N]') })
    expect(writes()).toEqual(sent)
  })

  it('changes nothing without a terminal to ask on', async () => {
    await expect(ensure({})).rejects.toThrow('Pass --yes')
    expect(writes()).toEqual([])
  })

  it('changes nothing in a dry run', async () => {
    expect(await ensure({ dryRun: true })).toMatchObject({ code: 0, out: 'created\n' })
    expect(writes()).toEqual([])
  })

  it('says what replacing means: create first', async () => {
    kinde.tenant.webhooks.push(OLD)
    const { code, err } = await ensure({ replaces: OLD.endpoint, yes: true })
    expect(code).toBe(0)
    expect(err).toContain('+ user.created')
    expect(err).toContain('- delete w1')
    expect(err).toContain('created first')
    expect(writes()).toEqual(['POST', 'DELETE'])
  })

  it('says what replacing means: delete first', async () => {
    kinde.tenant.webhooks.push(OLD)
    const { err } = await ensure({ replaces: OLD.endpoint, deleteFirst: true, yes: true })
    expect(err).toContain('Events in between reach no endpoint')
    expect(writes()).toEqual(['DELETE', 'POST'])
  })

  it('explains a plan with one webhook', async () => {
    await kinde.close()
    kinde = await startTestManagementApi({ webhooks: [OLD], maxWebhooks: 1 })
    await expect(ensure({ yes: true })).rejects.toThrow(
      /WEBHOOK_LIMIT_REACHED.*--replaces https:\/\/old\.example.*--delete-first/,
    )
    expect(kinde.tenant.webhooks).toEqual([OLD])
  })

  it('warns of a URL that differs by a slash, and of duplicates', async () => {
    const mine = { ...OLD, endpoint: ENDPOINT, event_types: [...BILLING_EVENT_TYPES] }
    kinde.tenant.webhooks.push(mine, { ...mine, id: 'w2' }, { ...mine, id: 'w3', endpoint: `${ENDPOINT}/` })
    const { err } = await ensure({})
    expect(err).toContain('this endpoint has 2 webhooks')
    expect(err).toContain('w3 is registered for https://app.example/webhooks/kinde/')
  })

  it.each(['http://app.example/hook', 'https://10.0.0.1/hook', 'nonsense'])('refuses %s with 2', async (url) => {
    const { code, err } = await run('ensure', '--endpoint', url, '--yes')
    expect(code).toBe(2)
    expect(err).toContain('endpoint is ')
    expect(kinde.requests).toEqual([])
  })

  it('prints JSON', async () => {
    const { out } = await ensure({ yes: true, json: true })
    expect(JSON.parse(out)).toMatchObject({
      action: 'created',
      webhook: { endpoint: ENDPOINT },
      endpointProbe: { ok: false },
    })
  })
})

describe('webhooks list and delete', () => {
  it('lists endpoints and their events', async () => {
    expect(await run('list')).toMatchObject({ code: 0, out: expect.stringContaining('no webhook') })
    kinde.tenant.webhooks.push(OLD)
    const { out } = await run('list')
    expect(out).toContain(OLD.endpoint)
    expect(out).toContain(`1 of ${BILLING_EVENT_TYPES.length} billing events`)
    expect(JSON.parse((await run('list', '--json')).out).webhooks).toHaveLength(1)
  })

  it('deletes with --yes only, and only what exists', async () => {
    kinde.tenant.webhooks.push(OLD)
    expect((await run('delete', 'w1')).code).toBe(2)
    expect((await run('delete', 'w9', '--yes')).code).toBe(1)
    expect(kinde.tenant.webhooks).toHaveLength(1)
    expect(await run('delete', 'w1', '--yes')).toMatchObject({ code: 0, out: 'Deleted w1.\n' })
    expect(kinde.tenant.webhooks).toHaveLength(0)
  })
})
