import type { PaymentSucceededEvent } from '@kinde-billing/core'
import type { DeliveryInbox } from '@kinde-billing/core/receiver'
import type { NextRequest } from 'next/server'
import { expectTypeOf, it } from 'vitest'
import { type KindeBillingContext, type KindeBillingOptions, kindeBilling } from './index.js'

interface Transaction {
  query(sql: string): Promise<void>
}

declare const inbox: DeliveryInbox<Transaction>
declare const paymentSchema: {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => { readonly value: { invoice_id: string } }
  }
}

/** What `next build` generates to check a route file: `.next/types/validator.ts`. */
type RouteHandler<Params> = (request: NextRequest, context: { params: Promise<Params> }) => Promise<Response> | Response

it('is a route handler of the App Router', () => {
  const POST = kindeBilling({})
  expectTypeOf(POST).toExtend<RouteHandler<Record<never, never>>>()
  expectTypeOf(POST).toExtend<RouteHandler<{ tenant: string }>>()
  expectTypeOf(POST).toExtend<RouteHandler<{ path: string[] }>>()
  expectTypeOf(POST).toExtend<RouteHandler<{ path?: string[] | undefined }>>()
  expectTypeOf(POST).returns.resolves.toEqualTypeOf<Response>()
})

it('infers what handlers get', () => {
  kindeBilling({
    issuer: ({ request }) => {
      expectTypeOf(request).toEqualTypeOf<NextRequest>()
      return 'https://acme.kinde.com'
    },
    on: {
      'customer.payment_succeeded': (event, { context, tx }) => {
        expectTypeOf(event).toEqualTypeOf<PaymentSucceededEvent>()
        expectTypeOf(context).toEqualTypeOf<KindeBillingContext>()
        expectTypeOf(context.params).resolves.toEqualTypeOf<Record<string, string | string[] | undefined>>()
        expectTypeOf(tx).toBeUndefined()
      },
    },
  })
  kindeBilling({
    inbox,
    name: 'billing',
    dataSchemas: { 'customer.payment_succeeded': paymentSchema },
    on: {
      'customer.payment_succeeded': ({ data }, { tx }) => {
        expectTypeOf(data).toEqualTypeOf<{ invoice_id: string }>()
        expectTypeOf(tx).toEqualTypeOf<Transaction>()
      },
    },
  })
})

it('refuses what cannot work', () => {
  // @ts-expect-error: misspelled
  kindeBilling({ on: { 'customer.payment_succeded': () => {} } })
  // @ts-expect-error: an inbox needs the endpoint's name
  kindeBilling({ inbox })
})

it('names its options', () => {
  const options: KindeBillingOptions = { onEvent: ({ id }) => expectTypeOf(id).toBeString() }
  kindeBilling(options)
})
