import {
  type Agreement,
  type AgreementsOptions,
  type CallOptions,
  type Entitlements,
  readAgreements,
  readEntitlements,
} from './agreements.js'
import { createApi } from './api.js'
import {
  type BillingCustomer,
  type CustomerOf,
  type CustomersOptions,
  readCustomerOf,
  readCustomers,
} from './customers.js'
import { type EventType, type ReadEvent, readEvent, readEventTypes } from './events.js'
import { type ManagementClientOptions, resolveOptions } from './options.js'
import { reportUsage, type UsageReport } from './usage.js'
import {
  deleteWebhook,
  type EnsureWebhookOptions,
  type EnsureWebhookResult,
  ensureWebhook,
  listWebhooks,
  type Webhook,
} from './webhooks.js'

/**
 * Kinde's Management API, as far as billing and webhooks need it. Every call throws a `KindeManagementError`. Reads are
 * tried again after a 5xx and a network error, writes never; a 429 is waited for as Kinde asks.
 */
export interface ManagementClient {
  /** Webhooks of the environment that `domain` names. */
  readonly webhooks: {
    /** Reads all webhooks. Scope: `read:webhooks`. */
    list(options?: CallOptions): Promise<Webhook[]>
    /**
     * Makes sure that an endpoint has a webhook with the wanted events. Run twice, it changes nothing. Event types that are
     * ticked already stay ticked.
     *
     * Scopes: `read:webhooks`, `read:event_types` without `eventTypes`, then `create:webhooks`, `update:webhooks` or
     * `delete:webhooks`.
     */
    ensure(options: EnsureWebhookOptions): Promise<EnsureWebhookResult>
    /** Deletes a webhook. Scope: `delete:webhooks`. */
    delete(id: string, options?: CallOptions): Promise<void>
  }
  /** Reads the event types of the tenant, each with its schema. Scope: `read:event_types`. */
  eventTypes(options?: CallOptions): Promise<EventType[]>
  /** Reads an event back. Scope: `read:events`. */
  event(id: string, options?: CallOptions): Promise<ReadEvent>
  /** Reads all agreements of a billing customer. Scope: `read:billing_agreements`. */
  agreements(customerId: string, options?: AgreementsOptions): Promise<Agreement[]>
  /** Reads all entitlements of a billing customer. Scope: `read:billing_entitlements`. */
  entitlements(customerId: string, options?: CallOptions): Promise<Entitlements>
  /**
   * Reads all billing customers, users first, then organizations. It starts over or, with `from`, after a customer that it
   * has read before. Scopes: `read:users`, `read:organizations`.
   */
  customers(options?: CustomersOptions): AsyncIterable<BillingCustomer>
  /**
   * Reads the billing customer that a user or an organization is.
   *
   * Scope: `read:users` or `read:organizations`.
   *
   * @returns its id, or `undefined` if it is not a billing customer.
   */
  customerOf(of: CustomerOf, options?: CallOptions): Promise<string | undefined>
  /** Reports metered usage. Kinde has no idempotency key: a failed call may have counted. Scope: `create:meter_usage`. */
  reportUsage(report: UsageReport, options?: CallOptions): Promise<void>
}

/**
 * Creates a client of Kinde's Management API. Keep one per process: its calls share one token, and Kinde meters tokens.
 *
 * @param options Credentials and settings. Default: from `KINDE_DOMAIN`, `KINDE_MANAGEMENT_CLIENT_ID` and
 * `KINDE_MANAGEMENT_CLIENT_SECRET`.
 * @returns the client. Nothing is sent before its first call.
 * @throws KindeManagementError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { createManagementClient } from '@kinde-billing/management'
 *
 * const client = createManagementClient()
 * const { action } = await client.webhooks.ensure({ endpoint: 'https://app.example/webhooks/kinde' })
 * console.log(action) // created, updated or unchanged
 * ```
 */
export function createManagementClient(options: ManagementClientOptions = {}): ManagementClient {
  const api = createApi(resolveOptions(options))
  return {
    webhooks: {
      list: (callOptions) => listWebhooks(api, callOptions),
      ensure: (ensureOptions) => ensureWebhook(api, ensureOptions),
      delete: (id, callOptions) => deleteWebhook(api, id, callOptions),
    },
    eventTypes: (callOptions) => readEventTypes(api, callOptions),
    event: (id, callOptions) => readEvent(api, id, callOptions),
    agreements: (customerId, callOptions) => readAgreements(api, customerId, callOptions),
    entitlements: (customerId, callOptions) => readEntitlements(api, customerId, callOptions),
    customers: (callOptions) => readCustomers(api, callOptions),
    customerOf: (of, callOptions) => readCustomerOf(api, of, callOptions),
    reportUsage: (report, callOptions) => reportUsage(api, report, callOptions),
  }
}
