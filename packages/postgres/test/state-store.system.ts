import type { BillingEvent } from '@kinde-billing/core'
import { applyBillingEvent, type BillingState, createBillingStateHandler } from '@kinde-billing/state'
import { at, LATER, type ShortType } from '@kinde-billing/test-support/billing-events'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { newDelivery } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool, type PoolClient } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPostgresInbox, createPostgresStateStore, ensureSchema, ensureStateSchema } from '../src/index.js'

const KEY = 'customer:customer_1'
const TYPES: ShortType[] = ['created', 'failed', 'paid', 'usage', 'overdue', 'changed', 'cancelled', 'assigned']

const EVENTS = Array.from({ length: 1000 }, (_, index) =>
  at(index % 97, TYPES[index % TYPES.length] ?? 'paid', {
    agreement: index % 5 === 0 ? undefined : `agreement_${index % 3}`,
    plan: `plan_${index % 2}`,
    meter: `meter_${index % 4}`,
    quantity: index,
  }),
)

describe.runIf(isInstalled('postgres'))('the state store on a real Postgres', () => {
  let server: PostgresServer
  let pools: [Pool, Pool]
  beforeAll(async () => {
    server = await startPostgres()
    pools = [new Pool({ connectionString: server.url }), new Pool({ connectionString: server.url })]
    await Promise.all(pools.map((pool) => ensureSchema(pool)))
    await Promise.all([...pools, ...pools].map((pool) => ensureStateSchema(pool)))
  })
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end()))
    await server.close()
  })

  it('ends 1,000 concurrent events of one customer, from two processes, as a sequential run does', async () => {
    const store = createPostgresStateStore()
    const told: string[] = []
    const handlers = pools.map((pool) => {
      const inbox = createPostgresInbox({ pool })
      const handle = createBillingStateHandler({
        store,
        onChange: (changes) => told.push(...changes.map(({ type }) => type)),
      })
      return (event: BillingEvent) => inbox.once(deliveryOf(event), (tx, signal) => handle(event, lent(tx, signal)))
    })
    const outcomes = await Promise.all(EVENTS.map((event, index) => handlers[index % 2]?.(event)))
    expect(new Set(outcomes)).toEqual(new Set(['processed']))
    expect(JSON.stringify(await store.read(KEY, pools[0]))).toBe(JSON.stringify(inOrder(EVENTS)))
    expect(told).toContain('access_granted')
  })

  it('loses none where writers do not share a transaction with it, but race', async () => {
    const table = 'racing_states'
    await ensureStateSchema(pools[0], { table })
    const store = createPostgresStateStore({ table })
    const handle = createBillingStateHandler({ store })
    const events = EVENTS.slice(0, 60)
    const { signal } = new AbortController()
    await Promise.all(events.map((event, index) => handle(event, { ...lent(pools[index % 2] ?? pools[0], signal) })))
    expect(JSON.stringify(await store.read(KEY, pools[0]))).toBe(JSON.stringify(inOrder(events)))
  })
})

function inOrder(events: readonly BillingEvent[]): BillingState | undefined {
  return events.reduce<BillingState | undefined>(
    (state, event) => applyBillingEvent(state, event, { receivedAt: LATER }),
    undefined,
  )
}

function deliveryOf({ id, type, occurredAt }: BillingEvent) {
  return newDelivery({ key: `issuer test ${id}`, eventId: id, type, occurredAt })
}

function lent<Tx extends Pool | PoolClient>(tx: Tx, signal: AbortSignal) {
  return { webhookId: undefined, receivedAt: LATER, context: undefined, signal, tx, redelivery: undefined }
}
