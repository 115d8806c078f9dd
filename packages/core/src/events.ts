import type { DataOf, DataSchemas, EventData, NoSchemas } from './data-schemas.js'
import type { BillingEventType } from './event-types.js'
import { quote } from './quote.js'

/** Who the event is about. Which members are there depends on what Kinde sent. */
export interface EventCustomer {
  /** Kinde's id of the billing customer, `customer_…`. */
  id: string | undefined
  /** `organization` where an organization's code is given, `user` where only a user's id is. */
  kind: 'user' | 'organization' | 'unknown'
  /** The user's id, `kp_…`. */
  userId: string | undefined
  /** The organization's code, `org_…`. */
  orgCode: string | undefined
}

/** The agreement (subscription) the event is about. */
export interface EventAgreement {
  /** Kinde's id of the agreement, `agreement_…`. */
  id: string | undefined
}

/** The plan the event is about. */
export interface EventPlan {
  /** Kinde's id of the plan. */
  id: string | undefined
  /** The plan's code, such as `pro`: what to switch on. */
  code: string | undefined
  /** The plan's name. */
  name: string | undefined
}

/** The invoice the event is about, or the next one. */
export interface EventInvoice {
  /** A date without a time of day is midnight UTC. */
  dueOn: Date | undefined
}

/** A meter's usage. Kinde does not say whether the quantity is absolute or a difference. */
export interface EventUsage {
  /** Kinde's id of the meter. */
  meterId: string | undefined
  /** The code of the billed feature. */
  featureCode: string | undefined
  /** `0` is a value. A number that arrived as a string is a number here. */
  quantity: number | undefined
}

/** What all eight events have. */
export interface BillingEventBase<Type extends BillingEventType, Data> {
  /** The trigger's name: narrow on it. */
  type: Type
  /** Kinde's `event_id`. It is signed, and the same on every attempt: the key to deduplicate on. */
  id: string
  /** When it happened: `event_timestamp` where it is a readable date, else `timestamp`. */
  occurredAt: Date
  /** Kinde's `timestamp`. Whether another attempt renews it is unknown. */
  timestamp: Date
  /** What caused it: `admin`, `api` or `user`, and whatever Kinde adds. */
  source: string | undefined
  /** Who the event is about. */
  customer: EventCustomer
  /** The agreement that the event is about. */
  agreement: EventAgreement
  /** As Kinde sent it, or what the application's schema for this type makes of it. */
  data: Data
  /** The whole verified payload, to store or pass on. Not enumerable, so that logging an event does not print it twice. */
  claims: Record<string, unknown>
}

/** A customer signed up to a plan, or changed plans, and an agreement was created. */
export interface AgreementCreatedEvent<Data = EventData> extends BillingEventBase<'customer.agreement_created', Data> {
  /** The plan that was agreed on. */
  plan: EventPlan
  /** When the next invoice is due. */
  invoice: EventInvoice
}

/**
 * An agreement was cancelled, by the customer, by an admin, **or by a plan change**, which cancels the old
 * agreement beside creating the new one, in either order.
 */
export interface AgreementCancelledEvent<Data = EventData>
  extends BillingEventBase<'customer.agreement_cancelled', Data> {
  /** The plan that was agreed on. */
  plan: EventPlan
  /** The invoice that Kinde names, if any. */
  invoice: EventInvoice
}

/** An invoice became overdue. */
export interface InvoiceOverdueEvent<Data = EventData> extends BillingEventBase<'customer.invoice_overdue', Data> {
  /** The invoice that is overdue. */
  invoice: EventInvoice
}

/** Metered usage was updated. */
export interface MeterUsageUpdatedEvent<Data = EventData>
  extends BillingEventBase<'customer.meter_usage_updated', Data> {
  /** What the meter reports. */
  usage: EventUsage
}

/** A payment attempt failed. */
export interface PaymentFailedEvent<Data = EventData> extends BillingEventBase<'customer.payment_failed', Data> {
  /** The invoice that was to be paid, or the next one. */
  invoice: EventInvoice
}

/** A payment went through. */
export interface PaymentSucceededEvent<Data = EventData> extends BillingEventBase<'customer.payment_succeeded', Data> {
  /** The invoice that was paid, or the next one. */
  invoice: EventInvoice
}

/** A customer was associated with a plan. */
export interface PlanAssignedEvent<Data = EventData> extends BillingEventBase<'customer.plan_assigned', Data> {
  /** The plan that the customer has now. */
  plan: EventPlan
}

/** The plan was upgraded or downgraded. */
export interface PlanChangedEvent<Data = EventData> extends BillingEventBase<'customer.plan_changed', Data> {
  /** The plan that the customer has now. */
  plan: EventPlan
}

/**
 * A verified billing event: one of the eight. Narrow on `event.type`.
 *
 * @example
 * ```ts
 * import { assertNever, type BillingEvent } from '@kinde-billing/core'
 *
 * function describe(event: BillingEvent): string {
 *   switch (event.type) {
 *     case 'customer.agreement_created':
 *     case 'customer.agreement_cancelled':
 *     case 'customer.plan_assigned':
 *     case 'customer.plan_changed':
 *       return `plan ${event.plan.code ?? 'unknown'}`
 *     case 'customer.invoice_overdue':
 *     case 'customer.payment_failed':
 *     case 'customer.payment_succeeded':
 *       return `due ${event.invoice.dueOn?.toISOString() ?? 'unknown'}`
 *     case 'customer.meter_usage_updated':
 *       return `used ${event.usage.quantity ?? 'unknown'}`
 *     default:
 *       return assertNever(event)
 *   }
 * }
 * ```
 */
export type BillingEvent<Schemas extends DataSchemas = NoSchemas> =
  | AgreementCreatedEvent<DataOf<Schemas, 'customer.agreement_created'>>
  | AgreementCancelledEvent<DataOf<Schemas, 'customer.agreement_cancelled'>>
  | InvoiceOverdueEvent<DataOf<Schemas, 'customer.invoice_overdue'>>
  | MeterUsageUpdatedEvent<DataOf<Schemas, 'customer.meter_usage_updated'>>
  | PaymentFailedEvent<DataOf<Schemas, 'customer.payment_failed'>>
  | PaymentSucceededEvent<DataOf<Schemas, 'customer.payment_succeeded'>>
  | PlanAssignedEvent<DataOf<Schemas, 'customer.plan_assigned'>>
  | PlanChangedEvent<DataOf<Schemas, 'customer.plan_changed'>>

/** The event of one type: `BillingEventOf<'customer.plan_changed'>` is `PlanChangedEvent`. */
export type BillingEventOf<Type extends BillingEventType, Schemas extends DataSchemas = NoSchemas> = Extract<
  BillingEvent<Schemas>,
  {
    /** The trigger's name. */
    type: Type
  }
>

/**
 * The `default` of a `switch` over `event.type`: it compiles only while every type has its case.
 *
 * @throws {TypeError} where it is reached at run time, which takes a value that its type denies.
 */
export function assertNever(event: never): never {
  const { type } = Object(event) as { type?: unknown }
  throw new TypeError(`No case for the event type ${quote(type, 128)}: add one to the switch over event.type.`)
}
