import { PGlite, type Transaction } from '@electric-sql/pglite'
import { createBillingReceiver, type DeliveryLedger } from '@kinde-billing/core/receiver'
import { Pool, type PoolClient } from 'pg'
import { describe, expectTypeOf, it } from 'vitest'
import { createPostgresLedger, ensureSchema, type PostgresScope, sweepDeliveries } from './index.js'

describe('the scope', () => {
  it("is the client of pg's pool", () => {
    expectTypeOf(createPostgresLedger({ pool: new Pool() })).toEqualTypeOf<DeliveryLedger<PoolClient>>()
  })

  it("is PGlite's transaction", () => {
    expectTypeOf(createPostgresLedger({ pool: new PGlite() })).toEqualTypeOf<DeliveryLedger<Transaction>>()
  })

  it('is the client of any pool with one connect()', () => {
    interface OwnClient {
      query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
      release(destroy?: boolean): void
      readonly own: true
    }
    expectTypeOf<PostgresScope<{ connect(): Promise<OwnClient> }>>().toEqualTypeOf<OwnClient>()
  })

  it('reaches handlers', () => {
    createBillingReceiver({
      issuer: 'https://acme.kinde.com',
      name: 'billing',
      ledger: createPostgresLedger({ pool: new Pool() }),
      on: {
        'customer.plan_assigned': async (event, { scope }) => {
          expectTypeOf(scope).toEqualTypeOf<PoolClient>()
          const { rows } = await scope.query<{ id: number }>('select id from plans where code = $1', [event.plan.code])
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
    createPostgresLedger({ pool: 'postgres://127.0.0.1/postgres' })
    // @ts-expect-error the application brings the pool
    createPostgresLedger({})
  })
})
