import type {
  AgreementCancelledEvent,
  AgreementCreatedEvent,
  InvoiceOverdueEvent,
  MeterUsageUpdatedEvent,
  PaymentFailedEvent,
  PaymentSucceededEvent,
  PlanAssignedEvent,
  PlanChangedEvent,
} from '@kinde-billing/core'
import { type BillingHandlers, DiscardEvent } from '@kinde-billing/core/receiver'
import { type Customer, type Customers, customerOf, factOf, update } from './customers'
import { isNearLimit } from './plans'

/** The handlers of every billing event: the `on` option of every adapter. */
export function billingActions(customers: Customers): BillingHandlers<unknown, unknown> {
  return {
    'customer.agreement_created': (event) => provision(customerOf(customers, event), event),
    'customer.agreement_cancelled': (event) => deactivate(customerOf(customers, event), event),
    'customer.invoice_overdue': (event) => remindAndSuspend(customerOf(customers, event), event),
    'customer.meter_usage_updated': (event) => showUsage(customerOf(customers, event), event),
    'customer.payment_failed': (event) => askForAnotherCard(customerOf(customers, event), event),
    'customer.payment_succeeded': (event) => sendReceiptAndUnlock(customerOf(customers, event), event),
    'customer.plan_assigned': (event) => activateFeatures(customerOf(customers, event), event),
    'customer.plan_changed': (event) => adjustAccess(customerOf(customers, event), event),
  }
}

/** Grants access. A customer's first agreement is a sign-up, and is welcomed; a later one comes of a plan change. */
function provision(customer: Customer, event: AgreementCreatedEvent): void {
  const isFirst = customer.agreements.size === 0
  const isNew = update(agreementOf(customer, event), 'active', event)
  if (event.plan.code !== undefined) update(customer.plan, event.plan.code, event)
  if (isNew && isFirst) customer.messages.push('welcome')
}

/** Ends one agreement, not the customer: a plan change cancels the old agreement while the new one goes on. */
function deactivate(customer: Customer, event: AgreementCancelledEvent): void {
  if (event.agreement.id === undefined) customer.messages.push('to staff: a cancellation that names no agreement')
  else update(agreementOf(customer, event), 'cancelled', event)
}

/** Reminds, suspends and tells accounts receivable, unless a newer event says that the customer has paid. */
function remindAndSuspend(customer: Customer, event: InvoiceOverdueEvent): void {
  if (!update(customer.payment, 'overdue', event)) return
  const due = event.invoice.dueOn?.toISOString().slice(0, 10) ?? 'a date that Kinde does not name'
  customer.messages.push(`reminder: the invoice was due on ${due}`, 'to accounts receivable: an invoice is overdue')
}

/**
 * Shows the usage as it was last reported, and warns near a limit. Kinde does not say whether the quantity is the total or
 * a difference: look at your own deliveries before you charge for overage.
 */
function showUsage(customer: Customer, event: MeterUsageUpdatedEvent): void {
  const { featureCode, meterId, quantity } = event.usage
  const feature = featureCode ?? meterId
  if (feature === undefined || quantity === undefined) throw new DiscardEvent('the usage of nothing, or no quantity')
  const isNew = update(factOf(customer.usage, feature), quantity, event)
  if (isNew && isNearLimit(feature, quantity)) customer.messages.push(`near the limit of ${feature}: ${quantity}`)
}

/** Restricts, and asks for another card, unless a newer event says that the customer has paid. */
function askForAnotherCard(customer: Customer, event: PaymentFailedEvent): void {
  if (update(customer.payment, 'failed', event)) customer.messages.push('payment failed: please try another card')
}

/** Unlocks, unless a newer event says otherwise. A payment that arrives late was still made, and gets its receipt. */
function sendReceiptAndUnlock(customer: Customer, event: PaymentSucceededEvent): void {
  update(customer.payment, 'paid', event)
  customer.messages.push('receipt')
}

/** Activates what the plan includes: features follow from the plan. */
function activateFeatures(customer: Customer, event: PlanAssignedEvent): void {
  update(customer.plan, planCodeOf(event), event)
}

/** Adjusts access to the new plan, and says so. */
function adjustAccess(customer: Customer, event: PlanChangedEvent): void {
  const code = planCodeOf(event)
  if (update(customer.plan, code, event)) customer.messages.push(`your plan is now ${code}`)
}

function agreementOf(
  { agreements }: Customer,
  { agreement }: AgreementCreatedEvent | AgreementCancelledEvent,
): ReturnType<typeof factOf<'active' | 'cancelled'>> {
  return factOf(agreements, agreement.id ?? 'unnamed')
}

function planCodeOf({ type, plan }: PlanAssignedEvent | PlanChangedEvent): string {
  if (plan.code === undefined) throw new DiscardEvent(`${type} names no plan`)
  return plan.code
}
