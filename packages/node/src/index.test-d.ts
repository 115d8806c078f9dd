import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AgreementCreatedEvent, BillingEvent, OtherEvent, PaymentFailedEvent } from '@kinde-billing/core'
import type { DeliveryInbox, HandlerDelivery } from '@kinde-billing/core/receiver'
import connect from 'connect'
import express from 'express'
import { expectTypeOf, it } from 'vitest'
import { type KindeBillingContext, type KindeBillingOptions, kindeBilling } from './index.js'

interface Transaction {
  query(sql: string): Promise<void>
}

declare const inbox: DeliveryInbox<Transaction>
declare const amountSchema: {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => { readonly value: { amount: number } }
  }
}

it('mounts where such a function does', () => {
  const handle = kindeBilling({ issuer: 'https://acme.kinde.com' })
  expectTypeOf(handle).toEqualTypeOf<(req: IncomingMessage, res: ServerResponse) => Promise<void>>()
  createServer(handle)
  express().post('/webhooks/kinde', handle)
  connect().use('/webhooks/kinde', handle)
})

it('infers what handlers get', () => {
  kindeBilling({
    on: {
      'customer.payment_failed': (event, delivery) => {
        expectTypeOf(event).toEqualTypeOf<PaymentFailedEvent>()
        expectTypeOf(delivery).toEqualTypeOf<HandlerDelivery<KindeBillingContext, undefined>>()
        expectTypeOf(delivery.context.req).toEqualTypeOf<IncomingMessage>()
        expectTypeOf(delivery.context.res).toEqualTypeOf<ServerResponse>()
        expectTypeOf(delivery.tx).toBeUndefined()
      },
      'customer.agreement_created': async (event) => expectTypeOf(event).toEqualTypeOf<AgreementCreatedEvent>(),
    },
    onEvent: (event) => expectTypeOf(event).toEqualTypeOf<BillingEvent>(),
    onOtherEvent: (event) => expectTypeOf(event).toEqualTypeOf<OtherEvent>(),
    onOutcome: ({ status }, { context }) => {
      expectTypeOf(status).toBeNumber()
      expectTypeOf(context).toEqualTypeOf<KindeBillingContext>()
    },
  })
})

it('takes the issuer from the request', () => {
  kindeBilling({
    issuer: ({ req }) => {
      expectTypeOf(req).toEqualTypeOf<IncomingMessage>()
      return 'https://acme.kinde.com'
    },
  })
  // @ts-expect-error: a look-up in the application's own list, and synchronous
  kindeBilling({ issuer: async () => 'https://acme.kinde.com' })
})

it('passes on the tx of an inbox, which needs a name', () => {
  kindeBilling({
    inbox,
    name: 'billing',
    onEvent: (_event, { tx }) => expectTypeOf(tx).toEqualTypeOf<Transaction>(),
    on: { 'customer.plan_changed': (_event, { tx }) => expectTypeOf(tx).toEqualTypeOf<Transaction>() },
  })
  kindeBilling({
    inbox: ({ req }) => {
      expectTypeOf(req).toEqualTypeOf<IncomingMessage>()
      return inbox
    },
    name: 'billing',
    onEvent: (_event, { tx }) => expectTypeOf(tx).toEqualTypeOf<Transaction>(),
  })
  kindeBilling({ inbox: false, onEvent: (_event, { tx }) => expectTypeOf(tx).toBeUndefined() })
  // @ts-expect-error: endpoints that share an inbox are told apart by their names
  kindeBilling({ inbox })
})

it('types data by its schema', () => {
  kindeBilling({
    dataSchemas: { 'customer.payment_failed': amountSchema },
    on: {
      'customer.payment_failed': ({ data }) => expectTypeOf(data).toEqualTypeOf<{ amount: number }>(),
      'customer.plan_changed': ({ data }) => expectTypeOf(data).toEqualTypeOf<{ readonly [key: string]: unknown }>(),
    },
  })
})

it('refuses a type that Kinde does not send, and an option that is none', () => {
  // @ts-expect-error: misspelled
  kindeBilling({ on: { 'customer.payment_faild': () => {} } })
  // @ts-expect-error: misspelled
  kindeBilling({ dataSchemas: { 'customer.payment_faild': amountSchema } })
  // @ts-expect-error: no such option
  kindeBilling({ issuerUrl: 'https://acme.kinde.com' })
})

it('names its options', () => {
  const options: KindeBillingOptions = { onEvent: ({ id }) => expectTypeOf(id).toBeString() }
  kindeBilling(options)
})
