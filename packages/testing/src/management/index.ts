export type { BodyFault, DelayFault, FaultOptions, ManagementFault, StatusFault } from './faults.js'
export type {
  AgreementEntitlementRecord,
  AgreementRecord,
  EntitlementRecord,
  EventRecord,
  EventTypeRecord,
  OrganizationAgreementRecord,
  OrganizationBillingRecord,
  OrganizationRecord,
  PlanRecord,
  TestTenant,
  UsageRecord,
  UserBillingRecord,
  UserRecord,
  WebhookRecord,
} from './records.js'
export {
  type RecordedRequest,
  startTestManagementApi,
  type TestManagementApi,
  type TestManagementApiOptions,
} from './server.js'
