import type { PlanChangedEvent } from '@kinde-billing/core'
import type { DeliveryInbox } from '@kinde-billing/core/receiver'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { expectTypeOf, it } from 'vitest'
import { type KindeBillingOptions, kindeBilling } from './index.js'

interface Transaction {
  query(sql: string): Promise<void>
}

declare const inbox: DeliveryInbox<Transaction>
declare const planSchema: {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => { readonly value: { plan_code: string } }
  }
}

const path = '/webhooks/kinde'

it('infers what handlers get, through register', () => {
  const app = Fastify()
  app.register(
    kindeBilling({
      path,
      issuer: ({ request }) => {
        expectTypeOf(request).toEqualTypeOf<FastifyRequest>()
        return 'https://acme.kinde.com'
      },
      on: {
        'customer.plan_changed': (event, { context, tx }) => {
          expectTypeOf(event).toEqualTypeOf<PlanChangedEvent>()
          expectTypeOf(context.request).toEqualTypeOf<FastifyRequest>()
          expectTypeOf(context.reply).toEqualTypeOf<FastifyReply>()
          expectTypeOf(tx).toBeUndefined()
        },
      },
    }),
    { prefix: '/api' },
  )
  app.register(
    kindeBilling({
      path,
      inbox,
      name: 'billing',
      dataSchemas: { 'customer.plan_changed': planSchema },
      on: {
        'customer.plan_changed': ({ data }, { tx }) => {
          expectTypeOf(data).toEqualTypeOf<{ plan_code: string }>()
          expectTypeOf(tx).toEqualTypeOf<Transaction>()
        },
      },
    }),
  )
})

it('registers in servers of every kind', () => {
  Fastify({ logger: true }).register(kindeBilling({ path }))
  Fastify({ https: {} }).register(kindeBilling({ path }))
  Fastify({ http2: true }).register(kindeBilling({ path }))
  Fastify({ http2: true, https: {} }).register(kindeBilling({ path }))
})

it('refuses what cannot work', () => {
  // @ts-expect-error: it must be called
  Fastify().register(kindeBilling, { path })
  // @ts-expect-error: the path is missing
  kindeBilling({ issuer: 'https://acme.kinde.com' })
  // @ts-expect-error: misspelled
  kindeBilling({ path, on: { 'customer.plan_change': () => {} } })
  // @ts-expect-error: an inbox needs the endpoint's name
  kindeBilling({ path, inbox })
})

it('names its options', () => {
  const options: KindeBillingOptions = { path, onEvent: ({ id }) => expectTypeOf(id).toBeString() }
  kindeBilling(options)
})
