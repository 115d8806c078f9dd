import type { BillingEvent, PaymentFailedEvent } from '@kinde-billing/core'
import type { HandlerDelivery } from '@kinde-billing/core/receiver'
import { billingActions, type Customers } from '@kinde-billing/example-billing-actions'
import { type KindeBillingContext, OnBillingEvent } from '@kinde-billing/nest'
import { Inject, Injectable, Logger } from '@nestjs/common'

/** The token of the customers. */
export const CUSTOMERS = Symbol('customers')

type Delivery = HandlerDelivery<KindeBillingContext, undefined>

@Injectable()
export class BillingHandlers {
  private readonly logger = new Logger(BillingHandlers.name)

  constructor(@Inject(CUSTOMERS) private readonly customers: Customers) {}

  /** Every billing event: what each does is in billing-actions, which all examples share. */
  @OnBillingEvent()
  async act(event: BillingEvent, delivery: Delivery): Promise<void> {
    const actions: Record<string, ((event: never, delivery: Delivery) => unknown) | undefined> = {
      ...billingActions(this.customers),
    }
    await actions[event.type]?.(event as never, delivery)
  }

  /** One type: the event is narrowed. */
  @OnBillingEvent('customer.payment_failed')
  tellStaff(event: PaymentFailedEvent): void {
    this.logger.log(`payment failed: ${event.customer.id}`)
  }
}
