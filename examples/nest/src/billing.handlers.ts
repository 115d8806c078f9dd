import type { BillingEvent, PaymentFailedEvent, PaymentSucceededEvent } from '@kinde-billing/core'
import type { HandlerDelivery } from '@kinde-billing/core/receiver'
import { type KindeBillingContext, OnBillingEvent } from '@kinde-billing/nest'
import { createBillingStateHandler, customerKey } from '@kinde-billing/state'
import { Inject, Injectable } from '@nestjs/common'
import { Customers } from './customers.js'

type Delivery = HandlerDelivery<KindeBillingContext, undefined>

@Injectable()
export class BillingHandlers {
  private readonly keepState

  constructor(@Inject(Customers) private readonly customers: Customers) {
    this.keepState = createBillingStateHandler({
      store: customers,
      onChange(changes, { key, event, after }) {
        for (const { type } of changes) customers.send(key, `${event.id} ${type}`, `${type}: ${after.reason.text}`)
      },
    })
  }

  /** Every billing event: keeps what each customer has, and acts on what is different. */
  @OnBillingEvent()
  async applyEvent(event: BillingEvent, delivery: Delivery): Promise<void> {
    await this.keepState(event, delivery)
  }

  /** One type: the event is narrowed. */
  @OnBillingEvent('customer.payment_succeeded')
  sendReceipt(event: PaymentSucceededEvent): void {
    this.customers.send(customerKey(event), event.id, 'receipt')
  }

  @OnBillingEvent('customer.payment_failed')
  askForAnotherCard(event: PaymentFailedEvent): void {
    this.customers.send(customerKey(event), event.id, 'please try another card')
  }
}
