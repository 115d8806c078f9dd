import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { startTestManagementApi, type WebhookRecord } from '@kinde-billing/testing/management'
import { describe, expect, it } from 'vitest'
import { createManagementClient, type EnsureWebhookOptions } from './index.js'

const ENDPOINT = 'https://app.example/webhooks/kinde'
const ALL = [...BILLING_EVENT_TYPES]

function webhook(id: string, changes: Partial<WebhookRecord> = {}): WebhookRecord {
  return { id, name: 'Billing', endpoint: ENDPOINT, event_types: ALL, created_on: '2026-01-01T00:00:00Z', ...changes }
}

interface Case {
  title: string
  webhooks: WebhookRecord[]
  options?: Partial<EnsureWebhookOptions>
  maxWebhooks?: number
  /** The writes that are sent, as `METHOD id` with the event types in order. */
  writes: [request: string, eventTypes?: string[] | undefined][]
  action?: string
  error?: string
}

const TYPES = 'GET /api/v1/event_types'
const LIST = 'GET /api/v1/webhooks'
const POST = 'POST /api/v1/webhooks'
const patch = (id: string) => `PATCH /api/v1/webhooks/${id}`
const remove = (id: string) => `DELETE /api/v1/webhooks/${id}`
const OLD = 'https://old.example/webhooks/kinde'

const CASES: Case[] = [
  { title: 'no webhook', webhooks: [], writes: [[POST, ALL]], action: 'created' },
  { title: 'ours', webhooks: [webhook('w1')], writes: [], action: 'unchanged' },
  {
    title: 'ours with fewer events',
    webhooks: [webhook('w1', { event_types: ALL.slice(0, 3) })],
    writes: [[patch('w1'), ALL]],
    action: 'updated',
  },
  {
    title: 'ours with no events',
    webhooks: [webhook('w1', { event_types: [] })],
    writes: [[patch('w1'), ALL]],
    action: 'updated',
  },
  {
    title: 'ours with user events, too',
    webhooks: [webhook('w1', { event_types: ['user.created', ...ALL] })],
    writes: [],
    action: 'unchanged',
  },
  {
    title: 'ours with user events and fewer billing events: user events stay',
    webhooks: [webhook('w1', { event_types: ['user.created', ...ALL.slice(4)] })],
    writes: [[patch('w1'), ['user.created', ...ALL.slice(4), ...ALL.slice(0, 4)]]],
    action: 'updated',
  },
  { title: 'two of ours', webhooks: [webhook('w1'), webhook('w2')], writes: [], action: 'unchanged' },
  {
    title: 'two of ours, of which the second is complete',
    webhooks: [webhook('w1', { event_types: [] }), webhook('w2')],
    writes: [],
    action: 'unchanged',
  },
  {
    title: 'two of ours, both incomplete',
    webhooks: [webhook('w1', { event_types: ALL.slice(0, 1) }), webhook('w2', { event_types: ALL.slice(0, 5) })],
    writes: [[patch('w2'), ALL]],
    action: 'updated',
  },
  {
    title: "another's on the same host",
    webhooks: [webhook('w1', { endpoint: 'https://app.example/webhooks/other' })],
    writes: [[POST, ALL]],
    action: 'created',
  },
  {
    title: 'one on another port',
    webhooks: [webhook('w1', { endpoint: 'https://app.example:8443/webhooks/kinde' })],
    writes: [[POST, ALL]],
    action: 'created',
  },
  {
    title: 'one with a query',
    webhooks: [webhook('w1', { endpoint: `${ENDPOINT}?tenant=1` })],
    writes: [[POST, ALL]],
    action: 'created',
  },
  {
    title: 'ours with the default port',
    webhooks: [webhook('w1', { endpoint: 'https://app.example:443/webhooks/kinde' })],
    writes: [],
    action: 'unchanged',
  },
  {
    title: 'ours with an upper-case host',
    webhooks: [webhook('w1', { endpoint: 'HTTPS://App.Example/webhooks/kinde' })],
    writes: [],
    action: 'unchanged',
  },
  {
    title: 'ours with other escapes and an empty query',
    webhooks: [webhook('w1', { endpoint: 'https://app.example/%77ebhooks/a%2fb?' })],
    options: { endpoint: 'https://app.example/webhooks/a%2Fb' },
    writes: [],
    action: 'unchanged',
  },
  {
    title: 'a path of another case, which is another URL',
    webhooks: [webhook('w1', { endpoint: 'https://app.example/Webhooks/Kinde' })],
    writes: [[POST, ALL]],
    action: 'created',
  },
  {
    title: 'a slash at the end of the path, which is another URL',
    webhooks: [webhook('w1', { endpoint: `${ENDPOINT}/` })],
    writes: [[POST, ALL]],
    action: 'created',
  },
  {
    title: 'ours without a path, with and without its slash',
    webhooks: [webhook('w1', { endpoint: 'https://app.example' })],
    options: { endpoint: 'https://app.example/' },
    writes: [],
    action: 'unchanged',
  },
  {
    title: 'events that were chosen',
    webhooks: [webhook('w1', { event_types: ['customer.plan_changed'] })],
    options: { eventTypes: ['customer.plan_changed', 'user.created'] },
    writes: [[patch('w1'), ['customer.plan_changed', 'user.created']]],
    action: 'updated',
  },
  {
    title: 'another name that was chosen',
    webhooks: [webhook('w1', { name: 'old' })],
    options: { name: 'Billing (production)' },
    writes: [[patch('w1'), undefined]],
    action: 'updated',
  },
  {
    title: 'another name that was not chosen',
    webhooks: [webhook('w1', { name: 'by hand' })],
    writes: [],
    action: 'unchanged',
  },
  {
    title: 'a changed URL: create, then delete, and keep the other events',
    webhooks: [webhook('w1', { endpoint: OLD, event_types: ['user.created'] })],
    options: { replaces: OLD },
    writes: [[POST, [...ALL, 'user.created']], [remove('w1')]],
    action: 'created',
  },
  {
    title: 'a changed URL whose new webhook exists already',
    webhooks: [webhook('w1', { endpoint: OLD }), webhook('w2')],
    options: { replaces: OLD },
    writes: [[remove('w1')]],
    action: 'unchanged',
  },
  {
    title: 'a changed URL whose old webhook is gone',
    webhooks: [webhook('w2')],
    options: { replaces: OLD },
    writes: [],
    action: 'unchanged',
  },
  {
    title: 'one-webhook plan with ours',
    webhooks: [webhook('w1', { event_types: [] })],
    maxWebhooks: 1,
    writes: [[patch('w1'), ALL]],
    action: 'updated',
  },
  {
    title: "one-webhook plan with another's",
    webhooks: [webhook('w1', { endpoint: OLD })],
    maxWebhooks: 1,
    writes: [[POST, ALL]],
    error: 'WEBHOOK_LIMIT_REACHED',
  },
  {
    title: 'a changed URL on a one-webhook plan: the old one stays if the new one is refused',
    webhooks: [webhook('w1', { endpoint: OLD })],
    options: { replaces: OLD },
    maxWebhooks: 1,
    writes: [[POST, ALL]],
    error: 'WEBHOOK_LIMIT_REACHED',
  },
  {
    title: 'a changed URL on a one-webhook plan, old one first',
    webhooks: [webhook('w1', { endpoint: OLD })],
    options: { replaces: OLD, deleteFirst: true },
    maxWebhooks: 1,
    writes: [[remove('w1')], [POST, ALL]],
    action: 'created',
  },
]

describe('ensure sends the right requests and no others', () => {
  it.each(CASES)('$title', async ({ webhooks, options = {}, maxWebhooks, writes, action, error }) => {
    const kinde = await startTestManagementApi({ webhooks: structuredClone(webhooks), maxWebhooks })
    try {
      const client = createManagementClient(kinde.credentials)
      const run = client.webhooks.ensure({ endpoint: ENDPOINT, ...options })
      if (error === undefined) expect((await run).action).toBe(action)
      else await expect(run).rejects.toThrow(error)
      const reads = [...(options.eventTypes === undefined ? [TYPES] : []), LIST]
      const sent = kinde.requests.map(({ method, path, body }) => [`${method} ${path}`, body['event_types']])
      expect(sent.slice(0, reads.length).map(([request]) => request)).toEqual(reads)
      expect(sent.slice(reads.length)).toEqual(writes.map(([request, types]) => [request, types]))
      if (error !== undefined) return
      // run again, it changes nothing
      const again = kinde.requests.length
      expect(await client.webhooks.ensure({ endpoint: ENDPOINT, ...options })).toMatchObject({ action: 'unchanged' })
      expect(kinde.requests.slice(again).every(({ method }) => method === 'GET')).toBe(true)
    } finally {
      await kinde.close()
    }
  })
})

describe('ensure', () => {
  it('changes nothing in a dry run, and says what it would do', async () => {
    const kinde = await startTestManagementApi({ webhooks: [webhook('w1', { endpoint: `${ENDPOINT}/` })] })
    const client = createManagementClient(kinde.credentials)
    const result = await client.webhooks.ensure({ endpoint: ENDPOINT, dryRun: true })
    expect(result).toMatchObject({ action: 'created', webhook: { id: undefined }, changes: { added: ALL } })
    expect(result.similar.map(({ id }) => id)).toEqual(['w1'])
    expect(kinde.requests.every(({ method }) => method === 'GET')).toBe(true)
    await kinde.close()
  })

  it('asks only for billing events that the tenant offers', async () => {
    const offered = { id: '1', code: 'customer.plan_changed', name: '', origin: '', schema: {} }
    const kinde = await startTestManagementApi({ eventTypes: [offered, { ...offered, code: 'user.created' }] })
    await createManagementClient(kinde.credentials).webhooks.ensure({ endpoint: ENDPOINT })
    expect(kinde.tenant.webhooks[0]?.event_types).toEqual(['customer.plan_changed'])
    kinde.tenant.eventTypes.splice(0)
    await expect(createManagementClient(kinde.credentials).webhooks.ensure({ endpoint: ENDPOINT })).rejects.toThrow(
      'offers no billing events',
    )
    await kinde.close()
  })

  it('says that the old webhook is gone if the new one fails after it', async () => {
    const kinde = await startTestManagementApi({ webhooks: [webhook('w1', { endpoint: OLD })] })
    kinde.failNext({ status: 500 }, { on: 'POST /api' })
    const run = createManagementClient(kinde.credentials).webhooks.ensure({
      endpoint: ENDPOINT,
      replaces: OLD,
      deleteFirst: true,
    })
    await expect(run).rejects.toThrow(/was deleted, but the new one was not created/)
    await kinde.close()
  })

  it.each([
    'http://app.example/webhooks/kinde',
    'https://localhost/webhooks/kinde',
    'https://10.1.2.3/webhooks/kinde',
    'https://192.168.0.4/hook',
    'https://172.20.0.1/hook',
    'https://169.254.169.254/latest',
    'https://[::1]/hook',
    'https://[fd00::1]/hook',
    'https://printer.local/hook',
    'https://app/hook',
    'https://intranet./hook',
    'https://app.localdomain/hook',
    'https://224.0.0.1/hook',
    'https://[64:ff9b::a00:1]/hook',
    'https://user:password@app.example/hook',
    'https://app.example/hook#part',
    'app.example/hook',
    '',
  ])('refuses %s before anything is sent', async (endpoint) => {
    const client = createManagementClient({ domain: 'http://127.0.0.1:9', clientId: 'x', clientSecret: 'y' })
    await expect(client.webhooks.ensure({ endpoint })).rejects.toMatchObject({ code: 'invalid_configuration' })
  })

  it('refuses unknown options', async () => {
    const client = createManagementClient({ domain: 'http://127.0.0.1:9', clientId: 'x', clientSecret: 'y' })
    const options = { endpoint: ENDPOINT, events: [] }
    await expect(client.webhooks.ensure(options)).rejects.toMatchObject({ code: 'invalid_configuration' })
  })
})

it('lists and deletes', async () => {
  const kinde = await startTestManagementApi({ webhooks: [webhook('w1'), webhook('w2', { endpoint: OLD })] })
  const client = createManagementClient(kinde.credentials)
  await client.webhooks.delete('w1')
  expect(await client.webhooks.list()).toEqual([
    {
      id: 'w2',
      endpoint: OLD,
      eventTypes: ALL,
      name: 'Billing',
      description: undefined,
      createdOn: '2026-01-01T00:00:00Z',
    },
  ])
  await expect(client.webhooks.delete('w1')).rejects.toMatchObject({ code: 'not_found' })
  await kinde.close()
})
