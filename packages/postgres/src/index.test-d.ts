import { PGlite, type Transaction } from '@electric-sql/pglite'
import { createBillingReceiver, type DeliveryInbox } from '@kinde-billing/core/receiver'
import { Pool, type PoolClient } from 'pg'
import { describe, expectTypeOf, it } from 'vitest'
import { createPostgresInbox, ensureSchema, type PostgresTx, sweepDeliveries } from './index.js'

describe('the tx', () => {
  it("is the client of pg's pool", () => {
    expectTypeOf(createPostgresInbox({ pool: new Pool() })).toEqualTypeOf<DeliveryInbox<PoolClient>>()
  })

  it("is PGlite's transaction", () => {
    expectTypeOf(createPostgresInbox({ pool: new PGlite() })).toEqualTypeOf<DeliveryInbox<Transaction>>()
  })

  it('is the client of any pool with one connect()', () => {
    interface OwnClient {
      query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
      release(destroy?: boolean): void
      readonly own: true
    }
    expectTypeOf<PostgresTx<{ connect(): Promise<OwnClient> }>>().toEqualTypeOf<OwnClient>()
  })

  it('reaches handlers', () => {
    createBillingReceiver({
      issuer: 'https://acme.kinde.com',
      name: 'billing',
      inbox: createPostgresInbox({ pool: new Pool() }),
      on: {
        'customer.plan_assigned': async (event, { tx }) => {
          expectTypeOf(tx).toEqualTypeOf<PoolClient>()
          const { rows } = await tx.query<{ id: number }>('select id from plans where code = $1', [event.plan.code])
          expectTypeOf(rows).toEqualTypeOf<{ id: number }[]>()
        },
      },
    })
  })
})

describe('the pool', () => {
  it('may be either, everywhere', () => {
    expectTypeOf(ensureSchema).toBeCallableWith(new Pool())
    expectTypeOf(ensureSchema).toBeCallableWith(new PGlite(), { table: 'billing.deliveries' })
    expectTypeOf(sweepDeliveries).toBeCallableWith(new Pool(), { batch: 100 })
  })

  it('is nothing else', () => {
    // @ts-expect-error a URL is not a pool
    createPostgresInbox({ pool: 'postgres://127.0.0.1/postgres' })
    // @ts-expect-error the application brings the pool
    createPostgresInbox({})
  })
})
