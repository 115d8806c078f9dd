/** A webhook, as Kinde writes it. */
export interface WebhookRecord {
  /** Kinde's id. */
  id: string
  /** The name. */
  name: string
  /** The URL that Kinde calls. */
  endpoint: string
  /** The description. */
  description?: string
  /** The types of the events that it gets. */
  event_types: string[]
  /** When it was created. */
  created_on: string
}

/** An event type, as Kinde writes it. */
export interface EventTypeRecord {
  /** Kinde's id. */
  id: string
  /** The `type` of the events. */
  code: string
  /** The name. */
  name: string
  /** The origin. */
  origin: string
  /** A JSON Schema of the whole payload, or whatever a test wants to send. */
  schema: { [keyword: string]: unknown }
}

/** An event, as Kinde writes it. Its document calls `timestamp` an integer in ISO 8601 format, so both occur. */
export interface EventRecord {
  /** The type of the event. */
  type: string
  /** The source, such as `admin`. */
  source?: string
  /** The id of the event. */
  event_id: string
  /** Epoch milliseconds, or ISO 8601 text. */
  timestamp: number | string
  /** The data of the event. */
  data: { [member: string]: unknown }
}

/** An agreement of a billing customer, as Kinde writes it. */
export interface AgreementRecord {
  /** Kinde's id. */
  id: string
  /** The code of the plan. */
  plan_code?: string
  /** When it expires or expired. */
  expires_on?: string | null
  /** The id of the billing group. */
  billing_group_id?: string | null
  /** The start of the billing period. */
  current_period_start?: string | null
  /** The end of the billing period. */
  current_period_end?: string | null
  /** The entitlements. */
  entitlements?: AgreementEntitlementRecord[]
}

/** An entitlement inside an agreement. */
export interface AgreementEntitlementRecord {
  /** The code of the feature. */
  feature_code?: string
  /** The id of the entitlement. */
  entitlement_id?: string
}

/** An entitlement of a billing customer, as Kinde writes it. */
export interface EntitlementRecord {
  /** Kinde's id. */
  id: string
  /** The fixed charge. */
  fixed_charge?: number
  /** The name of the price. */
  price_name?: string
  /** The price of a unit, in cents. */
  unit_amount?: number
  /** The code of the feature. */
  feature_code?: string
  /** The name of the feature. */
  feature_name?: string
  /** The most units. */
  entitlement_limit_max?: number
  /** The fewest units. */
  entitlement_limit_min?: number
}

/** A plan of a billing customer, as Kinde writes it. */
export interface PlanRecord {
  /** The code. */
  code: string
  /** When the subscription began. */
  subscribed_on?: string
}

/** A user. Its billing customer's id is `billing.customer_id`. */
export interface UserRecord {
  /** Kinde's id. */
  id: string
  /** The email address. */
  email?: string
  /** The billing customer, if it is one. */
  billing?: UserBillingRecord
}

/** The billing customer of a user. */
export interface UserBillingRecord {
  /** The id of the billing customer. */
  customer_id?: string
}

/** An organization. Its billing customer's id is `billing.billing_customer_id`, another key than a user's. */
export interface OrganizationRecord {
  /** The code. */
  code: string
  /** The name. */
  name?: string
  /** The billing customer, if it is one. */
  billing?: OrganizationBillingRecord
}

/** The billing customer of an organization. */
export interface OrganizationBillingRecord {
  /** The id of the billing customer. */
  billing_customer_id?: string
  /** Its agreements. */
  agreements?: OrganizationAgreementRecord[]
}

/** An agreement inside an organization. */
export interface OrganizationAgreementRecord {
  /** The code of the plan. */
  plan_code?: string
  /** The id of the agreement. */
  agreement_id?: string
}

/** A usage report that was accepted. */
export interface UsageRecord {
  /** The agreement. */
  customer_agreement_id: string
  /** The code of the metered feature. */
  billing_feature_code: string
  /** The quantity, as text. */
  meter_value: string
  /** When it was used. */
  meter_usage_timestamp?: string
  /** How the quantity counts. */
  meter_type_code?: 'absolute' | 'delta'
}

/** The tenant's records. Tests read and change them at any time. */
export interface TestTenant {
  /** The registered webhooks. */
  webhooks: WebhookRecord[]
  /** The event types on offer. */
  eventTypes: EventTypeRecord[]
  /** The events that can be read back. */
  events: EventRecord[]
  /** The users. */
  users: UserRecord[]
  /** The organizations. */
  organizations: OrganizationRecord[]
  /** By billing customer. A customer without an entry is not known: 404. */
  agreements: { [customerId: string]: AgreementRecord[] }
  /** The entitlements, by billing customer. A customer without an entry is not known: 404. */
  entitlements: { [customerId: string]: EntitlementRecord[] }
  /** The plans, by billing customer. */
  plans: { [customerId: string]: PlanRecord[] }
  /** The usage reports that were accepted. */
  usage: UsageRecord[]
}
