import type * as Kinde from '@kinde/management-api-js'
import { expectTypeOf, it } from 'vitest'
import type { Answers } from './answers.js'
import type { BODY_MEMBERS, QUERY_PARAMETERS } from './parameters.js'
import type { AgreementRecord, EventRecord, UsageRecord, WebhookRecord } from './records.js'

type Camel<Name> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name
type QueryOf<Name extends keyof typeof QUERY_PARAMETERS> = Camel<keyof (typeof QUERY_PARAMETERS)[Name]>
type MembersOf<Name extends keyof typeof BODY_MEMBERS> = keyof (typeof BODY_MEMBERS)[Name]

it('answers as the document says', () => {
  expectTypeOf<Answers['GetWebHooks']>().toExtend<Kinde.GetWebHooksResponse>()
  expectTypeOf<Answers['CreateWebHook']>().toExtend<Kinde.CreateWebHookResponse>()
  expectTypeOf<Answers['UpdateWebHook']>().toExtend<Kinde.UpdateWebHookResponse>()
  expectTypeOf<Answers['DeleteWebHook']>().toExtend<Kinde.DeleteWebHookResponse>()
  expectTypeOf<Answers['GetEventTypes']>().toExtend<Kinde.GetEventTypesResponse>()
  expectTypeOf<Answers['getUsers']>().toExtend<Kinde.GetUsersResponse>()
  expectTypeOf<Answers['getUserData']>().toExtend<Kinde.GetUserDataResponse>()
  expectTypeOf<Answers['getOrganizations']>().toExtend<Kinde.GetOrganizationsResponse>()
  expectTypeOf<Answers['getOrganization']>().toExtend<Kinde.GetOrganizationResponse>()
  expectTypeOf<Answers['getBillingEntitlements']>().toExtend<Kinde.GetBillingEntitlementsResponse>()
  expectTypeOf<Answers['createMeterUsageRecord']>().toExtend<Kinde.CreateMeterUsageRecordResponse>()
})

it('answers with members that only the newer document has, and with its nulls', () => {
  type Agreement = NonNullable<Kinde.GetBillingAgreementsResponse['agreements']>[number]
  // 0.19 adds current_period_* and lets these be null; the package of 0.18 does not
  type Known = Omit<AgreementRecord, 'current_period_start' | 'current_period_end' | 'expires_on' | 'billing_group_id'>
  expectTypeOf<Known>().toExtend<Agreement>()
  expectTypeOf<NonNullable<AgreementRecord['expires_on']>>().toExtend<NonNullable<Agreement['expires_on']>>()
  expectTypeOf<NonNullable<AgreementRecord['billing_group_id']>>().toExtend<
    NonNullable<Agreement['billing_group_id']>
  >()
  expectTypeOf<Omit<Answers['getBillingAgreements'], 'agreements'>>().toExtend<Kinde.GetBillingAgreementsResponse>()
})

it('answers an event with a timestamp that is a number, and also with text, as its description says', () => {
  type Event = NonNullable<Kinde.GetEventResponse['event']>
  expectTypeOf<Omit<EventRecord, 'timestamp'>>().toExtend<Event>()
  expectTypeOf<Extract<EventRecord['timestamp'], number>>().toExtend<NonNullable<Event['timestamp']>>()
})

it('takes the parameters of the document, and no others', () => {
  expectTypeOf<QueryOf<'getUsers'>>().toEqualTypeOf<keyof Kinde.GetUsersData>()
  expectTypeOf<QueryOf<'getUserData'>>().toEqualTypeOf<keyof Kinde.GetUserDataData>()
  expectTypeOf<QueryOf<'getOrganizations'>>().toEqualTypeOf<keyof Kinde.GetOrganizationsData>()
  expectTypeOf<QueryOf<'getOrganization'>>().toEqualTypeOf<keyof Kinde.GetOrganizationData>()
  expectTypeOf<QueryOf<'getBillingAgreements'>>().toEqualTypeOf<keyof Kinde.GetBillingAgreementsData>()
  expectTypeOf<QueryOf<'getBillingEntitlements'>>().toEqualTypeOf<keyof Kinde.GetBillingEntitlementsData>()
})

it('takes the request bodies of the document, and no other members', () => {
  expectTypeOf<MembersOf<'CreateWebHook'>>().toEqualTypeOf<keyof Kinde.CreateWebHookData['requestBody']>()
  expectTypeOf<MembersOf<'UpdateWebHook'>>().toEqualTypeOf<keyof Kinde.UpdateWebHookData['requestBody']>()
  expectTypeOf<MembersOf<'createMeterUsageRecord'>>().toEqualTypeOf<keyof UsageRecord>()
  expectTypeOf<Omit<WebhookRecord, 'id' | 'created_on'>>().toExtend<Kinde.CreateWebHookData['requestBody']>()
  expectTypeOf<UsageRecord>().toExtend<Kinde.CreateMeterUsageRecordData['requestBody']>()
})
