import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { decodeBillingEvent } from '@kinde-billing/core'
import { createBillingReceiver } from '@kinde-billing/core/receiver'
import {
  createPostgresInbox,
  createPostgresStateStore,
  ensureSchema,
  ensureStateSchema,
  listDeliveries,
} from '@kinde-billing/postgres'
import { applyBillingEvent, type BillingState } from '@kinde-billing/state'
import { postgresBinaries } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../src/program.js'
import { kindeBilling, recordingTerminal } from './recording-terminal.js'
import { temporaryFolder } from './temporary-folder.js'

describe.skipIf(postgresBinaries === undefined)('kinde-billing console', () => {
  let server: PostgresServer
  let pool: Pool
  const claims = billingEventFixture('customer.plan_changed')

  beforeAll(async () => {
    server = await startPostgres()
    pool = new Pool({ connectionString: server.url })
    pool.on('error', () => {})
    await ensureSchema(pool)
    await ensureStateSchema(pool)
    const { issuer, jwks, sign } = await createTestIssuer()
    const receiver = createBillingReceiver({
      issuer,
      jwks,
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      log: false,
      onEvent: () => Promise.reject(new Error('no such plan')),
    })
    const body = await sign(claims)
    await receiver.receive({ method: 'POST', header: () => undefined, body: () => body, context: undefined })
  })
  afterAll(async () => {
    await pool.end()
    await server.close()
  })

  /** Starts the command, and stops it after the work, as Ctrl-C does. */
  async function serving(args: readonly string[], work: (url: string) => Promise<void>): Promise<void> {
    const stop = new AbortController()
    let ready = (_out: string): void => {}
    const started = new Promise<string>((resolve) => {
      ready = resolve
    })
    const { terminal } = await recordingTerminal({
      env: { DATABASE_URL: server.url },
      signal: stop.signal,
      out: (text) => ready(text),
    })
    const ended = run(['console', '--port', '0', '--json', ...args], terminal)
    try {
      await work(JSON.parse(await Promise.race([started, ended.then(String)])).url)
    } finally {
      stop.abort()
    }
    expect(await ended).toBe(0)
  }

  it('serves pages, live updates and no actions, and writes nothing', async () => {
    await serving([], async (url) => {
      for (const path of ['', '/deliveries', `/deliveries/${claims.event_id}`, '/customers', '/activity']) {
        const response = await fetch(`${url}${path}`)
        expect([path, response.status]).toEqual([path, 200])
        expect(await response.text()).not.toContain('method="post"')
      }
      const live = await fetch(`${url}/live?page=/deliveries`)
      expect(live.headers.get('content-type')).toBe('text/event-stream')
      // it stays open: the command ends nevertheless
    })
    const { rows } = await pool.query(`select to_regclass('kinde_billing_actions') as found`)
    expect(rows).toEqual([{ found: null }])
  })

  it('gives reasons by the policy of the file', async () => {
    const store = createPostgresStateStore({ pool })
    const data = { customer_id: 'customer_owes', agreement_id: 'agreement_1', plan_code: 'pro' }
    const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString()
    const state = [
      billingEventFixture('customer.agreement_created', { data, timestamp: minutesAgo(2) }),
      billingEventFixture('customer.payment_failed', { data, timestamp: minutesAgo(1) }),
    ]
      .map(decodeBillingEvent)
      .reduce<BillingState | undefined>(applyBillingEvent, undefined)
    if (state === undefined) throw new Error('no state')
    await store.transaction(async (tx) => {
      const stored = await store.load('customer:customer_owes', { tx })
      await store.save('customer:customer_owes', state, stored?.version, { tx })
    })
    const file = join(await temporaryFolder(), 'policy.json')
    await writeFile(file, '{"pastDueGraceMs": 0}')
    const pages: string[] = []
    for (const args of [[], ['--policy', file]])
      await serving(args, async (url) => {
        pages.push(await (await fetch(`${url}/customers/customer:customer_owes`)).text())
      })
    expect(pages.map((page) => /<dt>Has access<\/dt><dd>(\w+)/.exec(page)?.[1])).toEqual(['Yes', 'No'])
  })

  it('refuses a page of another site whose name leads to this machine', async () => {
    await serving([], async (url) => {
      // fetch sends the host of the address, whatever it is told
      const [response] = await once(get(url, { headers: { host: 'evil.example' } }), 'response')
      response.resume()
      expect(response.statusCode).toBe(403)
    })
  })

  it('marks events with --allow-actions', async () => {
    await serving(['--allow-actions'], async (url) => {
      const page = await (await fetch(`${url}/deliveries/${claims.event_id}`)).text()
      const token = /name="token" value="([^"]+)"/.exec(page)?.[1] ?? ''
      const body = new URLSearchParams({ token, reason: 'the plan is there' })
      const { status, headers } = await fetch(`${url}/deliveries/${claims.event_id}/redeliver`, {
        method: 'POST',
        body,
        redirect: 'manual',
      })
      expect(status).toBe(303)
      expect(await (await fetch(new URL(headers.get('location') ?? '', url))).text()).toContain('Marked.')
    })
    const { deliveries } = await listDeliveries(pool, { status: 'to_redeliver' })
    expect(deliveries.map(({ eventId }) => eventId)).toEqual([claims.event_id])
  })

  it('says that a port is taken', async () => {
    await serving([], async (url) => {
      const { port } = new URL(url)
      const { code, err } = await kindeBilling(['console', '--port', port], { env: { DATABASE_URL: server.url } })
      expect(code).toBe(2)
      expect(err).toContain(`Cannot listen on port ${port}`)
    })
  })
})
