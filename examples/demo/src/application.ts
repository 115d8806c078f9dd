import { assertNever, type BillingEvent } from '@kinde-billing/core'

/** Describes an event in one line, after narrowing on `event.type`. */
export function describeEvent(event: BillingEvent): string {
  const customer = `${event.customer.kind} ${short(event.customer.id)}`
  switch (event.type) {
    case 'customer.agreement_created':
      return `welcome ${customer} to plan ${event.plan.code}`
    case 'customer.agreement_cancelled':
      return `end ${short(event.agreement.id)} of plan ${event.plan.code}`
    case 'customer.plan_assigned':
      return `turn on plan ${event.plan.code} for ${customer}`
    case 'customer.plan_changed':
      return `adjust ${customer} to plan ${event.plan.code}`
    case 'customer.invoice_overdue':
      return `remind ${customer}: due on ${day(event.invoice.dueOn)}`
    case 'customer.payment_failed':
      return `ask ${customer} for another card`
    case 'customer.payment_succeeded':
      return `unlock ${customer}; next on ${day(event.invoice.dueOn)}`
    case 'customer.meter_usage_updated':
      return `${event.usage.quantity} of ${event.usage.featureCode ?? event.usage.meterId} used`
    default:
      return assertNever(event)
  }
}

const short = (id = 'of unknown id'): string => id.replace(/(?<=_).+(?=.{4}$)/, '...')

const day = (date: Date | undefined): string => date?.toISOString().slice(0, 10) ?? 'an unknown day'
