/** A webhook, as Kinde writes it. */
export interface WebhookRecord {
  id: string
  name: string
  endpoint: string
  description?: string
  event_types: string[]
  created_on: string
}

/** An event type, as Kinde writes it. */
export interface EventTypeRecord {
  id: string
  /** The `type` of the events. */
  code: string
  name: string
  origin: string
  /** A JSON Schema of the whole payload, or whatever a test wants to send. */
  schema: { [keyword: string]: unknown }
}

/** An event, as Kinde writes it. Its document calls `timestamp` an integer in ISO 8601 format, so both occur. */
export interface EventRecord {
  type: string
  source?: string
  event_id: string
  timestamp: number | string
  data: { [member: string]: unknown }
}

/** An agreement of a billing customer, as Kinde writes it. */
export interface AgreementRecord {
  id: string
  plan_code?: string
  expires_on?: string | null
  billing_group_id?: string | null
  current_period_start?: string | null
  current_period_end?: string | null
  entitlements?: { feature_code?: string; entitlement_id?: string }[]
}

/** An entitlement of a billing customer, as Kinde writes it. */
export interface EntitlementRecord {
  id: string
  fixed_charge?: number
  price_name?: string
  unit_amount?: number
  feature_code?: string
  feature_name?: string
  entitlement_limit_max?: number
  entitlement_limit_min?: number
}

/** A plan of a billing customer, as Kinde writes it. */
export interface PlanRecord {
  code: string
  subscribed_on?: string
}

/** A user. Its billing customer's id is `billing.customer_id`. */
export interface UserRecord {
  id: string
  email?: string
  billing?: { customer_id?: string }
}

/** An organization. Its billing customer's id is `billing.billing_customer_id`, another key than a user's. */
export interface OrganizationRecord {
  code: string
  name?: string
  billing?: { billing_customer_id?: string; agreements?: { plan_code?: string; agreement_id?: string }[] }
}

/** A usage report that was accepted. */
export interface UsageRecord {
  customer_agreement_id: string
  billing_feature_code: string
  meter_value: string
  meter_usage_timestamp?: string
  meter_type_code?: 'absolute' | 'delta'
}

/** The tenant's records. Tests read and change them at any time. */
export interface TestTenant {
  webhooks: WebhookRecord[]
  eventTypes: EventTypeRecord[]
  events: EventRecord[]
  users: UserRecord[]
  organizations: OrganizationRecord[]
  /** By billing customer. A customer without an entry is not known: 404. */
  agreements: { [customerId: string]: AgreementRecord[] }
  entitlements: { [customerId: string]: EntitlementRecord[] }
  plans: { [customerId: string]: PlanRecord[] }
  usage: UsageRecord[]
}
