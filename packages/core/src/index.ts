export { decodeBillingEvent } from './decode.js'
export {
  isKindeWebhookError,
  KindeWebhookError,
  type KindeWebhookErrorCode,
  type KindeWebhookErrorDetails,
  type KindeWebhookIssue,
  UnsupportedEventError,
} from './errors.js'
export {
  BILLING_EVENT_TYPES,
  type BillingEventType,
  EVENT_GROUPS,
  type EventData,
  isBillingEventType,
  type OtherEvent,
} from './event-types.js'
export {
  type AgreementCancelledEvent,
  type AgreementCreatedEvent,
  assertNever,
  type BillingEvent,
  type BillingEventOf,
  type EventAgreement,
  type EventCustomer,
  type EventGroups,
  type EventInvoice,
  type EventPlan,
  type EventUsage,
  type InvoiceOverdueEvent,
  type MeterUsageUpdatedEvent,
  type PaymentFailedEvent,
  type PaymentSucceededEvent,
  type PlanAssignedEvent,
  type PlanChangedEvent,
} from './events.js'
export type { FetchKeySet } from './jwks/fetch.js'
export type { JsonWebKeyMember, JsonWebKeySet } from './jwks/import.js'
export type { BillingWarning, OnWarning } from './log.js'
export type { BillingVerifierOptions, KeyOptions } from './options.js'
export type {
  DataOf,
  DataSchema,
  DataSchemaIssue,
  DataSchemaResult,
  DataSchemas,
  NoSchemas,
} from './standard-schema.js'
export { type BillingVerifier, createBillingVerifier, type VerifyResult, verifyAndParse } from './verifier.js'
