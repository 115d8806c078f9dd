export type {
  Agreement,
  AgreementsOptions,
  CallOptions,
  Entitlement,
  Entitlements,
  SubscribedPlan,
} from './agreements.js'
export { createManagementClient, type ManagementClient } from './client.js'
export type { BillingCustomer, CustomerOf, CustomersOptions, OrganizationCustomer, UserCustomer } from './customers.js'
export {
  isKindeManagementError,
  KindeManagementError,
  type KindeManagementErrorCode,
  type KindeManagementErrorDetails,
} from './errors.js'
export type { EventType, ReadEvent } from './events.js'
export type { ManagementClientOptions, ManagementFetch } from './options.js'
export { type SyncAllOptions, syncAll } from './sync/all.js'
export {
  type SyncCustomerOptions,
  type SyncedCustomer,
  type SyncIdentity,
  type SyncTarget,
  syncCustomer,
} from './sync/customer.js'
export type { SyncEntry, SyncEntryAgreement, SyncEntryBelief, SyncEntryConsequence, SyncReport } from './sync/report.js'
export { describeCoverage, type FedMember, type SchemaCoverage } from './types/coverage.js'
export { generateTypes } from './types/generate.js'
export type { UsageReport } from './usage.js'
export type { EnsuredWebhook, EnsureWebhookOptions, EnsureWebhookResult, Webhook } from './webhooks.js'
