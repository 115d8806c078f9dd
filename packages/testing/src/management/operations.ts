import { type Answers, SUCCESS } from './answers.js'
import type { TestTenant, UsageRecord, WebhookRecord } from './records.js'

/** A request, as far as an operation needs it. */
export interface OperationRequest {
  readonly tenant: TestTenant
  /** The last part of the path, if the operation has an id there. */
  readonly id: string
  readonly query: { readonly [name: string]: string | undefined }
  readonly body: { readonly [member: string]: unknown }
  /** At most so many entries stand on a page. */
  readonly maxPageSize: number
  /** At most so many webhooks exist. */
  readonly maxWebhooks: number
}

/** Kinde refuses the request. */
export class Refused extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** An operation of Kinde's API. */
export interface Operation<Name extends keyof Answers> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Ends with a slash if an id follows. */
  readonly path: string
  readonly scope: string
  answer(request: OperationRequest): Answers[Name]
}

/** Every operation that the test API knows, by Kinde's names. */
export const OPERATIONS: { readonly [Name in keyof Answers]: Operation<Name> } = {
  GetWebHooks: {
    method: 'GET',
    path: '/api/v1/webhooks',
    scope: 'read:webhooks',
    answer: ({ tenant }) => ({ ...SUCCESS, webhooks: tenant.webhooks }),
  },
  CreateWebHook: {
    method: 'POST',
    path: '/api/v1/webhooks',
    scope: 'create:webhooks',
    answer({ tenant, body, maxWebhooks }) {
      if (tenant.webhooks.length >= maxWebhooks)
        throw new Refused(400, 'WEBHOOK_LIMIT_REACHED', 'Your plan does not allow another webhook')
      const webhook: WebhookRecord = {
        ...toWebhook(body),
        id: `we_${String(tenant.webhooks.length + 1).padStart(4, '0')}_${Date.now().toString(36)}`,
        created_on: new Date().toISOString(),
      }
      tenant.webhooks.push(webhook)
      return { ...SUCCESS, webhook: { id: webhook.id, endpoint: webhook.endpoint } }
    },
  },
  UpdateWebHook: {
    method: 'PATCH',
    path: '/api/v1/webhooks/',
    scope: 'update:webhooks',
    answer({ tenant, id, body }) {
      const webhook = findOr404(tenant.webhooks, (one) => one.id === id)
      Object.assign(webhook, body)
      return { ...SUCCESS, webhook: { id } }
    },
  },
  DeleteWebHook: {
    method: 'DELETE',
    path: '/api/v1/webhooks/',
    scope: 'delete:webhooks',
    answer({ tenant, id }) {
      tenant.webhooks.splice(tenant.webhooks.indexOf(findOr404(tenant.webhooks, (one) => one.id === id)), 1)
      return SUCCESS
    },
  },
  GetEventTypes: {
    method: 'GET',
    path: '/api/v1/event_types',
    scope: 'read:event_types',
    answer: ({ tenant }) => ({ ...SUCCESS, event_types: tenant.eventTypes }),
  },
  GetEvent: {
    method: 'GET',
    path: '/api/v1/events/',
    scope: 'read:events',
    answer: ({ tenant, id }) => ({ ...SUCCESS, event: findOr404(tenant.events, (one) => one.event_id === id) }),
  },
  getUsers: {
    method: 'GET',
    path: '/api/v1/users',
    scope: 'read:users',
    answer({ tenant, query, maxPageSize }) {
      const { page, next_token } = tokenPage(tenant.users, query, maxPageSize)
      const hasBilling = expands(query, 'billing')
      const users = page.map(({ billing, ...user }) => ({ ...user, ...(hasBilling && billing && { billing }) }))
      return { ...SUCCESS, users, ...(next_token !== undefined && { next_token }) }
    },
  },
  getUserData: {
    method: 'GET',
    path: '/api/v1/user',
    scope: 'read:users',
    answer({ tenant, query }) {
      const { billing, email, ...user } = findOr404(tenant.users, (one) => one.id === query.id)
      return {
        ...user,
        ...(email !== undefined && { preferred_email: email }),
        ...(expands(query, 'billing') && billing && { billing }),
      }
    },
  },
  getOrganizations: {
    method: 'GET',
    path: '/api/v1/organizations',
    scope: 'read:organizations',
    answer({ tenant, query, maxPageSize }) {
      const { page, next_token } = tokenPage(tenant.organizations, query, maxPageSize)
      const organizations = page.map(({ code, name }) => ({ code, ...(name !== undefined && { name }) }))
      return { ...SUCCESS, organizations, ...(next_token !== undefined && { next_token }) }
    },
  },
  getOrganization: {
    method: 'GET',
    path: '/api/v1/organization',
    scope: 'read:organizations',
    answer({ tenant, query }) {
      const { billing, ...organization } = findOr404(tenant.organizations, (one) => one.code === query.code)
      return { ...organization, ...(expands(query, 'billing') && billing && { billing }) }
    },
  },
  getBillingAgreements: {
    method: 'GET',
    path: '/api/v1/billing/agreements',
    scope: 'read:billing_agreements',
    answer({ tenant, query, maxPageSize }) {
      const { page, has_more } = idPage(customerOr404(tenant.agreements, query), query, maxPageSize)
      return { ...SUCCESS, has_more, agreements: page }
    },
  },
  getBillingEntitlements: {
    method: 'GET',
    path: '/api/v1/billing/entitlements',
    scope: 'read:billing_entitlements',
    answer({ tenant, query, maxPageSize }) {
      const { page, has_more } = idPage(customerOr404(tenant.entitlements, query), query, maxPageSize)
      const plans = tenant.plans[query.customer_id ?? ''] ?? []
      return { ...SUCCESS, has_more, entitlements: page, ...(expands(query, 'plans') && { plans }) }
    },
  },
  createMeterUsageRecord: {
    method: 'POST',
    path: '/api/v1/billing/meter_usage',
    scope: 'create:meter_usage',
    answer({ tenant, body }) {
      tenant.usage.push(toUsage(body))
      return SUCCESS
    },
  },
}

// The bodies were checked against the operation's members.
function toWebhook(body: OperationRequest['body']): Omit<WebhookRecord, 'id' | 'created_on'> {
  const { endpoint, event_types, name, description } = body
  const types = Array.isArray(event_types) ? event_types.map(String) : []
  return {
    endpoint: String(endpoint),
    event_types: types,
    name: String(name),
    ...(typeof description === 'string' && { description }),
  }
}

function toUsage(body: OperationRequest['body']): UsageRecord {
  const { meter_usage_timestamp: at, meter_type_code: mode } = body
  if (mode !== undefined && mode !== 'absolute' && mode !== 'delta')
    throw new Refused(400, 'INVALID_METER_TYPE', 'meter_type_code is absolute or delta')
  return {
    customer_agreement_id: String(body.customer_agreement_id),
    billing_feature_code: String(body.billing_feature_code),
    meter_value: String(body.meter_value),
    ...(typeof at === 'string' && { meter_usage_timestamp: at }),
    ...(mode !== undefined && { meter_type_code: mode }),
  }
}

function findOr404<Entry>(entries: readonly Entry[], matches: (entry: Entry) => boolean): Entry {
  const found = entries.find(matches)
  if (found === undefined) throw new Refused(404, 'NOT_FOUND', 'The resource was not found')
  return found
}

function customerOr404<Entry>(
  byCustomer: { readonly [customerId: string]: Entry[] },
  { customer_id = '' }: OperationRequest['query'],
): Entry[] {
  const entries = Object.hasOwn(byCustomer, customer_id) ? byCustomer[customer_id] : undefined
  if (entries === undefined) throw new Refused(404, 'CUSTOMER_NOT_FOUND', 'The customer was not found')
  return entries
}

function expands({ expand = '' }: OperationRequest['query'], member: string): boolean {
  return expand.split(',').includes(member)
}

const DEFAULT_PAGE_SIZE = 10

function pageSize({ page_size }: OperationRequest['query'], maxPageSize: number): number {
  return Math.max(1, Math.min(Number(page_size ?? DEFAULT_PAGE_SIZE) || DEFAULT_PAGE_SIZE, maxPageSize))
}

/** A page of a list with an opaque token. */
function tokenPage<Entry>(
  entries: readonly Entry[],
  query: OperationRequest['query'],
  maxPageSize: number,
): { page: Entry[]; next_token: string | undefined } {
  const start = query.next_token === undefined ? 0 : Number(atob(query.next_token).split(':')[1])
  if (!Number.isSafeInteger(start)) throw new Refused(400, 'INVALID_NEXT_TOKEN', 'next_token is not valid')
  const end = start + pageSize(query, maxPageSize)
  return { page: entries.slice(start, end), next_token: end < entries.length ? btoa(`next:${end}`) : undefined }
}

/** A page of a list that continues after an id. */
function idPage<Entry extends { id: string }>(
  entries: readonly Entry[],
  query: OperationRequest['query'],
  maxPageSize: number,
): { page: Entry[]; has_more: boolean } {
  const start = query.starting_after === undefined ? 0 : entries.findIndex(({ id }) => id === query.starting_after) + 1
  if (query.starting_after !== undefined && start === 0)
    throw new Refused(400, 'INVALID_STARTING_AFTER', 'starting_after is not an id of the list')
  const end = start + pageSize(query, maxPageSize)
  return { page: entries.slice(start, end), has_more: end < entries.length }
}
