import { PGlite } from '@electric-sql/pglite'
import { createBillingReceiver } from '@kinde-billing/core/receiver'
import { createManagementClient } from '@kinde-billing/management'
import { createPostgresInbox, createPostgresStateStore, ensureSchema, ensureStateSchema } from '@kinde-billing/postgres'
import { createBillingStateHandler } from '@kinde-billing/state'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createConsole } from '../index.js'

const ORIGIN = 'https://app.example'
const CUSTOMER = '/customers/customer:customer_1'
let pglite: PGlite
let kinde: TestManagementApi

beforeAll(async () => {
  pglite = await PGlite.create()
  await ensureSchema(pglite)
  await ensureStateSchema(pglite)
})
afterAll(() => pglite.close())

/** Kinde knows a customer with the plan pro; the application has only heard of starter. */
beforeEach(async () => {
  await pglite.exec('truncate kinde_billing_deliveries, kinde_billing_states')
  kinde = await startTestManagementApi({
    users: [{ id: 'kp_1', billing: { customer_id: 'customer_1' } }],
    agreements: { customer_1: [{ id: 'agreement_2', plan_code: 'pro' }] },
  })
  const issuer = await createTestIssuer({ issuer: 'https://acme.kinde.com' })
  const receiver = createBillingReceiver({
    issuer: issuer.issuer,
    jwks: issuer.jwks,
    name: 'billing',
    inbox: createPostgresInbox({ pool: pglite }),
    onEvent: createBillingStateHandler({ store: createPostgresStateStore() }),
  })
  const data = { customer_id: 'customer_1', agreement_id: 'agreement_1', plan_code: 'starter' }
  // well before Kinde is asked
  const timestamp = new Date(Date.now() - 3_600_000).toISOString()
  const claims = billingEventFixture('customer.agreement_created', { data, timestamp, event_timestamp: timestamp })
  const token = await issuer.sign(claims)
  await receiver.receive({ method: 'POST', header: () => undefined, body: () => token, context: undefined })
})
afterEach(() => kinde.close())

/** Opens the console with a client of the Management API, and presses the buttons of the customer's page. */
function openConsole(changes: unknown[] = []) {
  const handle = createConsole({
    pool: pglite,
    authorize: () => ({ name: 'ada' }),
    client: createManagementClient({ ...kinde.credentials, timeoutMs: 5000, maxWaitMs: 100 }),
    onChange: (changed) => void changes.push(...changed),
    onError: () => {},
  })
  const read = async (path: string): Promise<string> => (await handle(new Request(`${ORIGIN}${path}`))).text()
  return {
    read,
    async press(action: 'compare' | 'sync'): Promise<string> {
      const page = await read(CUSTOMER)
      const token = /name="token" value="([^"]+)"/.exec(page)?.[1] ?? ''
      const response = await handle(
        new Request(`${ORIGIN}${CUSTOMER}/${action}`, {
          method: 'POST',
          body: new URLSearchParams({ token }),
          headers: { origin: ORIGIN, 'sec-fetch-site': 'same-origin' },
        }),
      )
      expect(response.status).toBe(303)
      const after = await read(response.headers.get('location') ?? '')
      return /class="notice \w+" role="status">.*?<\/div>/s.exec(after)?.[0] ?? ''
    },
  }
}

const planOf = async (): Promise<unknown> =>
  (await pglite.query<{ plan_code: string }>('select plan_code from kinde_billing_states')).rows[0]?.plan_code

describe('compare with Kinde', () => {
  it('tells the difference and changes nothing', async () => {
    const changes: unknown[] = []
    const { press, read } = openConsole(changes)
    const notice = await press('compare')
    expect(notice).toContain('State and Kinde differ')
    expect(notice).toContain('Nothing was changed.')
    expect(notice).toContain('Kinde lists one agreement: pro.')
    expect(notice).toMatch(/Known here: .*plan starter/)
    expect(await planOf()).toBe('starter')
    expect(changes).toStrictEqual([])
    expect(await read('/activity')).toMatch(/Compared with Kinde.*?ada/s)
  })
})

describe('sync with Kinde', () => {
  it('takes over what Kinde says, calls onChange, and then agrees', async () => {
    const changes: unknown[] = []
    const { press, read } = openConsole(changes)
    const notice = await press('sync')
    expect(notice).toMatch(/Changed: .*plan/)
    expect(notice).toMatch(/Before: .*plan starter.*Now: .*plan pro/s)
    expect(await planOf()).toBe('pro')
    expect(changes).toContainEqual(expect.objectContaining({ type: 'plan_changed' }))
    expect(await press('compare')).toContain('State and Kinde agree.')
    expect(await read('/activity')).toMatch(/Synced with Kinde.*?ada/s)
  })

  it('changes nothing if Kinde does not answer, and names the reason', async () => {
    const { press } = openConsole()
    kinde.failNext({ status: 503 }, { times: 20 })
    const notice = await press('sync')
    expect(notice).toContain('Kinde could not be asked, and nothing has changed.')
    expect(notice).toContain('unavailable')
    expect(await planOf()).toBe('starter')
  })

  it('changes nothing if the credentials lack a scope', async () => {
    kinde.scopes.clear()
    const { press } = openConsole()
    expect(await press('sync')).toContain('missing_scope')
    expect(await planOf()).toBe('starter')
  })

  it('is not offered without a client', async () => {
    const handle = createConsole({ pool: pglite, authorize: () => true })
    const page = await (await handle(new Request(`${ORIGIN}${CUSTOMER}`))).text()
    expect(page).not.toContain('with Kinde</button>')
  })
})
