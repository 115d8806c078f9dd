import type { BillingEvent, MeterUsageUpdatedEvent } from '@kinde-billing/core'
import type { DeliveryInbox, HandlerDelivery } from '@kinde-billing/core/receiver'
import { type Context, type Handler, Hono } from 'hono'
import { expectTypeOf, it } from 'vitest'
import { type KindeBillingContext, type KindeBillingOptions, kindeBilling } from './index.js'

type AppEnv = { Bindings: { KINDE_ISSUER_URL: string }; Variables: { tenant: string } }

interface Transaction {
  query(sql: string): Promise<void>
}

declare const inbox: DeliveryInbox<Transaction>
declare const usageSchema: {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => { readonly value: { quantity: number } }
  }
}

const path = '/webhooks/kinde'

it("types the context by the application's Env, named once", () => {
  const app = new Hono<AppEnv>()
  app.post(
    path,
    kindeBilling({
      issuer: (c: Context<AppEnv>) => c.env.KINDE_ISSUER_URL,
      on: {
        'customer.meter_usage_updated': (event, { context, tx }) => {
          expectTypeOf(event).toEqualTypeOf<MeterUsageUpdatedEvent>()
          expectTypeOf(context).toEqualTypeOf<Context<AppEnv>>()
          expectTypeOf(context.var.tenant).toBeString()
          expectTypeOf(tx).toBeUndefined()
        },
      },
    }),
  )
  app.post(
    path,
    kindeBilling({
      onEvent: (_event, { context }: HandlerDelivery<KindeBillingContext<AppEnv>, undefined>) =>
        expectTypeOf(context.env.KINDE_ISSUER_URL).toBeString(),
    }),
  )
  app.post(
    path,
    kindeBilling({
      issuer: (c: Context<AppEnv>) => c.env.KINDE_ISSUER_URL,
      inbox: (c) => {
        expectTypeOf(c).toEqualTypeOf<Context<AppEnv>>()
        return inbox
      },
      name: 'billing',
      dataSchemas: { 'customer.meter_usage_updated': usageSchema },
      on: {
        'customer.meter_usage_updated': ({ data }, { tx }) => {
          expectTypeOf(data).toEqualTypeOf<{ quantity: number }>()
          expectTypeOf(tx).toEqualTypeOf<Transaction>()
        },
      },
    }),
  )
})

it('mounts in applications of any Env', () => {
  new Hono<AppEnv>().basePath('/api').post(path, kindeBilling({ issuer: 'https://acme.kinde.com' }))
  new Hono().all(path, kindeBilling({}))
  expectTypeOf(kindeBilling({ issuer: (c: Context<AppEnv>) => c.env.KINDE_ISSUER_URL })).toEqualTypeOf<
    Handler<AppEnv>
  >()
})

it('refuses what cannot work', () => {
  // @ts-expect-error: misspelled
  kindeBilling({ on: { 'customer.meter_usage': () => {} } })
  // @ts-expect-error: an inbox needs the endpoint's name
  kindeBilling({ inbox })
  // @ts-expect-error: no such binding
  kindeBilling({ issuer: (c: Context<AppEnv>) => c.env.KINDE_ISSUER })
})

it('names its options', () => {
  const options: KindeBillingOptions<AppEnv> = { issuer: (c) => c.env.KINDE_ISSUER_URL }
  kindeBilling(options)
})

it('takes the handler of another function, which is made in place', () => {
  const makeHandler = <Made = unknown, Tx = unknown>(_save: (key: string, tx: Tx) => unknown) => {
    return async (_event: BillingEvent, _delivery: HandlerDelivery<Made, Tx>) => {}
  }
  const save = (_key: string, { query }: Transaction) => query('select 1')
  const issuer = (c: Context<AppEnv>) => c.env.KINDE_ISSUER_URL
  kindeBilling({ onEvent: makeHandler(() => {}) })
  kindeBilling<AppEnv>({ issuer: (c) => c.env.KINDE_ISSUER_URL, onEvent: makeHandler(() => {}) })
  kindeBilling({ issuer, onEvent: makeHandler(() => {}) })
  kindeBilling({ issuer, inbox, name: 'billing', onEvent: makeHandler(save) })
  new Hono<AppEnv>().post(path, kindeBilling({ inbox, name: 'billing', onEvent: makeHandler(save) }))
})
