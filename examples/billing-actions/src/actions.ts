import type { BillingEvent, InvoiceOverdueEvent } from '@kinde-billing/core'
import type { BillingHandler, BillingHandlers } from '@kinde-billing/core/receiver'
import { type BillingChange, type BillingSummary, createBillingStateHandler, customerKey } from '@kinde-billing/state'
import type { Customers } from './customers'
import { isNearLimit, plans } from './plans'

export interface BillingActions {
  onEvent: BillingHandler<BillingEvent, unknown, unknown>
  on: BillingHandlers<unknown, unknown>
}

/** The handlers of every billing event: spread them into the options of any adapter. */
export function billingActions(customers: Customers, now: () => number = () => Date.now()): BillingActions {
  return {
    // keeps what each customer has, whatever order events come in, and acts on what is different
    onEvent: createBillingStateHandler({
      store: customers,
      now,
      onChange(changes, { key, event, after }) {
        for (const change of changes) {
          const message = messageFor(change, after)
          if (message !== undefined) customers.send(key, `${event.id} ${change.type}`, message)
        }
      },
    }),
    // what an event says by itself, whatever the state was before
    on: {
      'customer.payment_succeeded'(event) {
        const key = customerKey(event)
        if (key !== undefined) customers.send(key, event.id, 'receipt')
      },
      'customer.payment_failed'(event) {
        const key = customerKey(event)
        if (key !== undefined) customers.send(key, event.id, 'payment failed: please try another card')
      },
      'customer.invoice_overdue'(event) {
        const key = customerKey(event)
        if (key !== undefined) customers.send(key, event.id, reminder(event))
      },
    },
  }
}

/** A message about a change, if it deserves one. */
function messageFor(change: BillingChange, after: BillingSummary): string | undefined {
  switch (change.type) {
    case 'access_granted':
      return 'welcome'
    case 'access_lost':
      return `your access has ended: ${after.reason.text}`
    case 'plan_changed':
      return change.from === undefined ? undefined : `your plan is now ${change.to.code ?? change.to.name}`
    case 'payment_due':
      return 'to accounts receivable: a payment is due'
    case 'payment_recovered':
      return 'to accounts receivable: paid'
    case 'usage_changed':
      return nearLimit(change, after)
    case 'debt_dropped':
      return undefined
  }
}

function nearLimit(
  { featureCode, quantity }: Extract<BillingChange, { type: 'usage_changed' }>,
  after: BillingSummary,
): string | undefined {
  if (!isNearLimit(featureCode, quantity, plans.limit(after, 'api_calls'))) return undefined
  return `near the limit of ${featureCode}: ${quantity}`
}

function reminder({ invoice }: InvoiceOverdueEvent): string {
  const due = invoice.dueOn?.toISOString().slice(0, 10) ?? 'a date that Kinde does not name'
  return `reminder: the invoice was due on ${due}`
}
