import type { PaymentFailedEvent } from '@kinde-billing/core'
import type { DeliveryInbox, HandlerDelivery } from '@kinde-billing/core/receiver'
import type {
  ALBEvent,
  ALBHandler,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyHandler,
  APIGatewayProxyHandlerV2,
  Context,
  LambdaFunctionURLEvent,
  LambdaFunctionURLHandler,
} from 'aws-lambda'
import { expectTypeOf, it } from 'vitest'
import {
  type KindeBillingContext,
  type KindeBillingOptions,
  kindeBilling,
  type LambdaContext,
  type LambdaHttpEvent,
} from './index.js'

interface Transaction {
  query(sql: string): Promise<void>
}

declare const inbox: DeliveryInbox<Transaction>

it('is a function for every HTTP origin, by the types of AWS', () => {
  const handler = kindeBilling({ onEvent: () => {} })
  expectTypeOf(handler).toExtend<APIGatewayProxyHandler>()
  expectTypeOf(handler).toExtend<APIGatewayProxyHandlerV2>()
  expectTypeOf(handler).toExtend<LambdaFunctionURLHandler>()
  expectTypeOf(handler).toExtend<ALBHandler>()
})

it('takes the events and the context of the types of AWS', () => {
  expectTypeOf<APIGatewayProxyEvent>().toExtend<LambdaHttpEvent>()
  expectTypeOf<APIGatewayProxyEventV2>().toExtend<LambdaHttpEvent>()
  expectTypeOf<LambdaFunctionURLEvent>().toExtend<LambdaHttpEvent>()
  expectTypeOf<ALBEvent>().toExtend<LambdaHttpEvent>()
  expectTypeOf<Context>().toExtend<LambdaContext>()
})

it('infers what handlers get', () => {
  kindeBilling({
    issuer: ({ event }) => {
      expectTypeOf(event).toEqualTypeOf<LambdaHttpEvent>()
      return 'https://acme.kinde.com'
    },
    on: {
      'customer.payment_failed': (event, delivery) => {
        expectTypeOf(event).toEqualTypeOf<PaymentFailedEvent>()
        expectTypeOf(delivery).toEqualTypeOf<HandlerDelivery<KindeBillingContext, undefined>>()
      },
    },
  })
  kindeBilling({
    name: 'billing',
    inbox,
    onEvent: (_event, { tx, context }) => {
      expectTypeOf(tx).toEqualTypeOf<Transaction>()
      expectTypeOf(context).toEqualTypeOf<KindeBillingContext>()
    },
  })
})

it('takes options that were put together before', () => {
  const options: KindeBillingOptions = { onEvent: () => {} }
  kindeBilling(options)
})
