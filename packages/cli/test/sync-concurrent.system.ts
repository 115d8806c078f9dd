import { decodeBillingEvent } from '@kinde-billing/core'
import { createBillingReceiver } from '@kinde-billing/core/receiver'
import { createManagementClient, syncCustomer } from '@kinde-billing/management'
import { createPostgresInbox, createPostgresStateStore, ensureSchema, ensureStateSchema } from '@kinde-billing/postgres'
import { applyBillingEvent, applySnapshot, type BillingState, createBillingStateHandler } from '@kinde-billing/state'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

const TYPES = [
  'customer.agreement_created',
  'customer.payment_failed',
  'customer.plan_assigned',
  'customer.payment_succeeded',
  'customer.meter_usage_updated',
] as const
const KEY = 'customer:customer_1'
const LISTED = [{ id: 'agreement_1', plan_code: 'pro', entitlements: [{ feature_code: 'exports' }] }]
const SYNCED_AT = Date.now() - 30_000

let server: PostgresServer
let pool: Pool
let kinde: TestManagementApi

beforeAll(async () => {
  if (!isInstalled('postgres')) return
  server = await startPostgres()
  pool = new Pool({ connectionString: server.url, max: 20 })
  pool.on('error', () => {})
  await ensureSchema(pool)
  await ensureStateSchema(pool)
  kinde = await startTestManagementApi({ agreements: { customer_1: LISTED } })
})
afterAll(async () => {
  await Promise.all([pool?.end(), kinde?.close()])
  await server?.close()
})

it.runIf(isInstalled('postgres'))(
  'ends as one after another, if 50 deliveries and syncs meet at one customer',
  async () => {
    const issuer = await createTestIssuer()
    const store = createPostgresStateStore({ pool })
    const receiver = createBillingReceiver({
      issuer: issuer.issuer,
      jwks: issuer.jwks,
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      onEvent: createBillingStateHandler({ store }),
    })
    const claims = Array.from({ length: 50 }, (_, index) => {
      const timestamp = new Date(SYNCED_AT + (index - 25) * 100).toISOString()
      return billingEventFixture(TYPES[index % TYPES.length] ?? TYPES[0], {
        event_id: `event_${index}`,
        timestamp,
        event_timestamp: timestamp,
        data: {
          customer_id: 'customer_1',
          agreement_id: `agreement_${index % 4}`,
          plan_code: index % 2 ? 'pro' : 'basic',
        },
      })
    })
    const deliver = async (payload: (typeof claims)[number]) => {
      const body = await issuer.sign(payload)
      const header = (name: string) => (name === 'content-type' ? 'application/jwt' : undefined)
      return (await receiver.receive({ method: 'POST', header, body: () => body, context: {} })).status
    }
    const client = createManagementClient(kinde.credentials)
    const sync = () => syncCustomer({ client, store, customerId: 'customer_1', now: () => SYNCED_AT })

    const statuses = await Promise.all([
      ...claims.slice(0, 25).map(deliver),
      sync().then(() => 200),
      ...claims.slice(25).map(deliver),
      sync().then(() => 200),
    ])
    expect(new Set(statuses)).toEqual(new Set([200]))

    const events = claims.map((payload) => decodeBillingEvent(payload))
    const afterEvents = events.reduce<BillingState | undefined>(
      (state, event) => applyBillingEvent(state, event),
      undefined,
    )
    const agreements = [{ id: 'agreement_1', planCode: 'pro', features: ['exports'] }]
    const inTurn = applySnapshot(afterEvents, {
      observedAt: new Date(SYNCED_AT),
      complete: true,
      agreements,
      customer: { id: 'customer_1' },
    })
    expect(JSON.stringify(await store.read(KEY))).toBe(JSON.stringify(inTurn))
  },
)
