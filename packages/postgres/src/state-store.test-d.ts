import { PGlite, type Transaction } from '@electric-sql/pglite'
import { createBillingReceiver, type HandlerDelivery } from '@kinde-billing/core/receiver'
import { type BillingChange, type BillingChangeContext, createBillingStateHandler } from '@kinde-billing/state'
import { Pool, type PoolClient } from 'pg'
import { describe, expectTypeOf, it } from 'vitest'
import { createPostgresInbox, createPostgresStateStore, type StateClient } from './index.js'

const pool = new Pool()
const store = createPostgresStateStore({ pool })

describe('the state handler with the Postgres store', () => {
  it("has the inbox's own client", () => {
    createBillingReceiver({
      issuer: 'https://acme.kinde.com',
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      onEvent: createBillingStateHandler({
        store,
        onChange(_changes, { delivery, tx }) {
          expectTypeOf(delivery.tx).toEqualTypeOf<PoolClient>()
          expectTypeOf(tx).toEqualTypeOf<PoolClient>()
        },
      }),
    })
    createBillingReceiver({
      name: 'billing',
      inbox: createPostgresInbox({ pool: new PGlite() }),
      onEvent: createBillingStateHandler({
        store,
        onChange: (_changes, { tx }) => expectTypeOf(tx).toEqualTypeOf<Transaction>(),
      }),
    })
  })

  it('can be called by an onEvent of your own', () => {
    const keepState = createBillingStateHandler<unknown, PoolClient>({
      store,
      onChange: (_changes, { tx }) => expectTypeOf(tx).toEqualTypeOf<PoolClient>(),
    })
    createBillingReceiver({
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      onEvent: async (event, delivery) => {
        expectTypeOf(delivery).toExtend<HandlerDelivery<unknown, PoolClient>>()
        await keepState(event, delivery)
      },
    })
  })

  it('shares one onChange with reviews and syncs', () => {
    const onChange = (_changes: readonly BillingChange[], { cause, tx }: BillingChangeContext<StateClient>) => {
      expectTypeOf(cause).toEqualTypeOf<'event' | 'sync' | 'review'>()
      return tx.query('select 1')
    }
    createBillingReceiver({
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      onEvent: createBillingStateHandler({ store, onChange }),
    })
    void store.reviewDue({ onChange })
  })
})
