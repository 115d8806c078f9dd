export {
  type ActionLog,
  type ActionLogOptions,
  type ActionPage,
  createActionLog,
  type LoggedAction,
  type NewAction,
} from './action-log.js'
export { type ActionTableOptions, actionSchemaSql } from './action-log-schema.js'
export { readChangeMark } from './change-mark.js'
export { ensureSchema } from './ensure-schema.js'
export { type ClaimsToErase, eraseClaims } from './erase-claims.js'
export { createHealthHandler, type HealthHandlerOptions } from './health-handler.js'
export { createPostgresInbox, type PostgresInboxOptions } from './inbox.js'
export { type InboxHealth, type InboxHealthOptions, inboxHealth } from './inbox-health.js'
export {
  type CustomerStateCounts,
  type CustomerStateFilter,
  type CustomerStatePage,
  type CustomerStateRow,
  countCustomerStates,
  type ListCustomerStatesOptions,
  listCustomerStates,
} from './list-customer-states.js'
export { type DeliveryPage, type ListDeliveriesOptions, listDeliveries } from './list-deliveries.js'
export type {
  AnyPostgresPool,
  EmbeddedPostgres,
  EmbeddedTransaction,
  PostgresClient,
  PostgresPool,
  PostgresResult,
  PostgresTx,
} from './pool.js'
export { type DeliveryDetails, type ReadDeliveryOptions, readDelivery } from './read-delivery.js'
export {
  type RedeliverOptions,
  type RedeliveryCounts,
  type RedeliveryProgress,
  type RedeliveryReceiver,
  redeliver,
} from './redeliver.js'
export { type RedeliverySelection, type RequestRedeliveryOptions, requestRedelivery } from './request-redelivery.js'
export { SCHEMA_VERSION, type SchemaSqlOptions, schemaSql, type TableOptions } from './schema.js'
export { createPostgresStateStore, type PostgresStateStore, type PostgresStateStoreOptions } from './state-store.js'
export type { DueState, ReviewDueOptions, ReviewResult } from './state-store-review.js'
export { ensureStateSchema, type StateTableOptions, stateSchemaSql } from './state-store-schema.js'
export type { StateClient } from './state-store-transaction.js'
export type { DeliveryStatus, StoredDelivery, StoredError, StoredRedelivery } from './stored-delivery.js'
export { type SweepOptions, sweepDeliveries } from './sweep.js'
