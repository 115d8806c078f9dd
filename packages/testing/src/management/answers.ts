import type {
  AgreementRecord,
  EntitlementRecord,
  EventRecord,
  EventTypeRecord,
  OrganizationRecord,
  PlanRecord,
  UserRecord,
  WebhookRecord,
} from './records.js'

/** Members that most answers have. */
interface Success {
  code: string
  message: string
}

/**
 * The answers of the test API, by Kinde's names of the operations. `kinde-document.test-d.ts` compares them with Kinde's own
 * types.
 */
export interface Answers {
  GetWebHooks: Success & { webhooks: WebhookRecord[] }
  CreateWebHook: Success & { webhook: { id: string; endpoint: string } }
  UpdateWebHook: Success & { webhook: { id: string } }
  DeleteWebHook: Success
  GetEventTypes: Success & { event_types: EventTypeRecord[] }
  GetEvent: Success & { event: EventRecord }
  getUsers: Success & { users: UserRecord[]; next_token?: string }
  getUserData: Omit<UserRecord, 'email'> & { preferred_email?: string }
  getOrganizations: Success & { organizations: Pick<OrganizationRecord, 'code' | 'name'>[]; next_token?: string }
  getOrganization: OrganizationRecord
  getBillingAgreements: Success & { has_more: boolean; agreements: AgreementRecord[] }
  getBillingEntitlements: Success & { has_more: boolean; entitlements: EntitlementRecord[]; plans?: PlanRecord[] }
  createMeterUsageRecord: Success
}

/** The body of a refusal. For a 404, `errors` is an object. */
export interface Refusal {
  errors: { code: string; message: string } | { code: string; message: string }[]
}

export const SUCCESS: Success = { code: 'OK', message: 'Success' }
