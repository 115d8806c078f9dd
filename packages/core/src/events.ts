import type { BillingEventType, EVENT_GROUPS, EventBase, EventData } from './event-types.js'
import { format } from './format.js'
import type { DataOf, DataSchemas, NoSchemas } from './standard-schema.js'

/** The billing customer. Its members depend on what Kinde sent. */
export interface EventCustomer {
  /** Kinde's id of the billing customer, `customer_…`. */
  id: string | undefined
  /** `organization` if an organization's code is given, `user` if only a user's id is. */
  kind: 'user' | 'organization' | 'unknown'
  /** The user's id, `kp_…`. */
  userId: string | undefined
  /** The organization's code, `org_…`. */
  orgCode: string | undefined
}

/** The agreement (subscription) of the event. */
export interface EventAgreement {
  /** Kinde's id of the agreement, `agreement_…`. */
  id: string | undefined
}

/** The plan of the event. */
export interface EventPlan {
  /** Kinde's id of the plan. */
  id: string | undefined
  /** The plan's code, such as `pro`. */
  code: string | undefined
  /** The plan's name. */
  name: string | undefined
}

/** The invoice of the event, or the next one. */
export interface EventInvoice {
  /** The due date. A date without a time of day is midnight UTC. */
  dueOn: Date | undefined
}

/** The usage that a meter reports. Kinde does not say whether the quantity is absolute or a difference. */
export interface EventUsage {
  /** Kinde's id of the meter. */
  meterId: string | undefined
  /** The code of the billed feature. */
  featureCode: string | undefined
  /** `0` is a value. A number that arrived as a string is a number here. */
  quantity: number | undefined
}

/** The groups that {@link EVENT_GROUPS} names. A group is always there on the types that list it. */
export interface EventGroups {
  /** The plan of the event. */
  plan: EventPlan
  /** The invoice of the event, or the next one. */
  invoice: EventInvoice
  /** The usage that a meter reports. */
  usage: EventUsage
}

/** The groups of one event type. */
export type GroupsOf<Type extends BillingEventType> = Pick<EventGroups, (typeof EVENT_GROUPS)[Type][number]>

/** The members that every billing event has. */
export interface BillingEventBase<Type extends BillingEventType, Data> extends EventBase<Type, Data> {
  /** The billing customer. */
  customer: EventCustomer
  /** The agreement of the event. */
  agreement: EventAgreement
}

/** The members of one event type. */
type EventMembers<Type extends BillingEventType, Data> = BillingEventBase<Type, Data> & GroupsOf<Type>

/** A customer signed up to a plan, or changed plans, and an agreement was created. */
export interface AgreementCreatedEvent<Data = EventData> extends EventMembers<'customer.agreement_created', Data> {}

/**
 * An agreement was cancelled, by the customer, by an admin, **or by a plan change**, which creates a new agreement and
 * cancels the old one, in either order.
 */
export interface AgreementCancelledEvent<Data = EventData> extends EventMembers<'customer.agreement_cancelled', Data> {}

/** An invoice became overdue. */
export interface InvoiceOverdueEvent<Data = EventData> extends EventMembers<'customer.invoice_overdue', Data> {}

/** Metered usage was updated. */
export interface MeterUsageUpdatedEvent<Data = EventData> extends EventMembers<'customer.meter_usage_updated', Data> {}

/** A payment attempt failed. */
export interface PaymentFailedEvent<Data = EventData> extends EventMembers<'customer.payment_failed', Data> {}

/** A payment succeeded. */
export interface PaymentSucceededEvent<Data = EventData> extends EventMembers<'customer.payment_succeeded', Data> {}

/** A customer was associated with a plan. */
export interface PlanAssignedEvent<Data = EventData> extends EventMembers<'customer.plan_assigned', Data> {}

/** The plan was upgraded or downgraded. */
export interface PlanChangedEvent<Data = EventData> extends EventMembers<'customer.plan_changed', Data> {}

/**
 * A verified billing event. Narrow on `event.type`.
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
    /** The event type. */
    type: Type
  }
>

/**
 * Marks the `default` of a `switch` over `event.type`: it compiles only while every type has a case.
 *
 * @param event - The event, which the compiler has narrowed to `never`.
 * @throws TypeError - If it is reached at run time.
 */
export function assertNever(event: never): never {
  const { type } = Object(event) as { type?: unknown }
  throw new TypeError(`No case for the event type ${format(type, 128)}: add one to the switch over event.type.`)
}
