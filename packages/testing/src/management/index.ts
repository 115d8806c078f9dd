export type { FaultOptions, ManagementFault } from './faults.js'
export type {
  AgreementRecord,
  EntitlementRecord,
  EventRecord,
  EventTypeRecord,
  OrganizationRecord,
  PlanRecord,
  TestTenant,
  UsageRecord,
  UserRecord,
  WebhookRecord,
} from './records.js'
export {
  type RecordedRequest,
  startTestManagementApi,
  type TestManagementApi,
  type TestManagementApiOptions,
} from './server.js'
