import type { BillingEvent, OtherEvent, PaymentFailedEvent, PlanChangedEvent } from '@kinde-billing/core'
import type { DeliveryInbox, HandlerDelivery } from '@kinde-billing/core/receiver'
import type { DynamicModule } from '@nestjs/common'
import { expectTypeOf, it } from 'vitest'
import { type KindeBillingContext, KindeBillingModule, OnBillingEvent, OnOtherEvent } from './index.js'

interface Transaction {
  query(sql: string): Promise<void>
}

declare const inbox: DeliveryInbox<Transaction>

it('checks the first parameter of a method against the types of its events', () => {
  class Handlers {
    @OnBillingEvent('customer.plan_changed')
    one(_event: PlanChangedEvent): void {}

    @OnBillingEvent('customer.plan_changed', 'customer.payment_failed')
    several(_event: PlanChangedEvent | PaymentFailedEvent): void {}

    @OnBillingEvent('customer.plan_changed')
    wider(_event: BillingEvent): void {}

    @OnBillingEvent()
    every(_event: BillingEvent): void {}

    @OnOtherEvent()
    other(_event: OtherEvent): void {}

    @OnBillingEvent('customer.plan_changed')
    none(): void {}

    // @ts-expect-error: the method takes another type
    @OnBillingEvent('customer.payment_failed')
    another(_event: PlanChangedEvent): void {}

    // @ts-expect-error: the method takes one of the two types
    @OnBillingEvent('customer.plan_changed', 'customer.payment_failed')
    half(_event: PlanChangedEvent): void {}

    // @ts-expect-error: the method takes one of all types
    @OnBillingEvent()
    one_of_all(_event: PlanChangedEvent): void {}

    // @ts-expect-error: no such type
    @OnBillingEvent('customer.plan_chnaged')
    typo(_event: BillingEvent): void {}
  }
  expectTypeOf(Handlers).toBeConstructibleWith()
})

it('lets a method state the types of data and of the transaction', () => {
  class Handlers {
    @OnBillingEvent('customer.plan_changed')
    async withTx(_event: PlanChangedEvent, { tx }: HandlerDelivery<KindeBillingContext, Transaction>): Promise<void> {
      expectTypeOf(tx).toEqualTypeOf<Transaction>()
    }

    @OnBillingEvent('customer.plan_changed')
    async withPart(_event: PlanChangedEvent, { tx }: { tx: Transaction }): Promise<void> {
      await tx.query('select 1')
    }

    @OnBillingEvent('customer.plan_changed')
    withData(event: PlanChangedEvent<{ seats: number }>): void {
      expectTypeOf(event.data.seats).toBeNumber()
    }
  }
  expectTypeOf(Handlers).toBeConstructibleWith()
})

it('takes the options of the receiver, and a path', () => {
  const options = { path: '/webhooks/kinde', name: 'billing', inbox }
  expectTypeOf(KindeBillingModule.forRoot(options)).toEqualTypeOf<DynamicModule>()
  KindeBillingModule.forRoot({ ...options, onEvent: (_event, { tx }) => expectTypeOf(tx).toEqualTypeOf<Transaction>() })
  KindeBillingModule.forRootAsync({ inject: ['INBOX'], useFactory: () => options })
  KindeBillingModule.forRootAsync({ useFactory: async () => ({ path: '/webhooks/kinde' }) })
  // @ts-expect-error: the path is missing
  KindeBillingModule.forRoot({ issuer: 'https://acme.kinde.com' })
})
