import type { BillingEvent, InvoiceOverdueEvent, PaymentFailedEvent, PaymentSucceededEvent } from '@kinde-billing/core'
import type { HandlerDelivery } from '@kinde-billing/core/receiver'
import { billingActions, type Customers } from '@kinde-billing/example-billing-actions'
import { type KindeBillingContext, OnBillingEvent } from '@kinde-billing/nest'
import { Inject, Injectable } from '@nestjs/common'

/** The token of the customers. */
export const CUSTOMERS = Symbol('customers')

type Delivery = HandlerDelivery<KindeBillingContext, undefined>

/** Calls billing-actions, which all examples share. */
@Injectable()
export class BillingHandlers {
  private readonly actions: ReturnType<typeof billingActions>

  constructor(@Inject(CUSTOMERS) customers: Customers) {
    this.actions = billingActions(customers)
  }

  /** Every billing event: keeps what each customer has, and acts on what is different. */
  @OnBillingEvent()
  async keepState(event: BillingEvent, delivery: Delivery): Promise<void> {
    await this.actions.onEvent(event, delivery)
  }

  /** One type: the event is narrowed. */
  @OnBillingEvent('customer.payment_succeeded')
  async sendReceipt(event: PaymentSucceededEvent, delivery: Delivery): Promise<void> {
    await this.actions.on['customer.payment_succeeded']?.(event, delivery)
  }

  @OnBillingEvent('customer.payment_failed')
  async askForAnotherCard(event: PaymentFailedEvent, delivery: Delivery): Promise<void> {
    await this.actions.on['customer.payment_failed']?.(event, delivery)
  }

  @OnBillingEvent('customer.invoice_overdue')
  async remind(event: InvoiceOverdueEvent, delivery: Delivery): Promise<void> {
    await this.actions.on['customer.invoice_overdue']?.(event, delivery)
  }
}
