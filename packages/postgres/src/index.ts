export { ensureSchema } from './ensure-schema.js'
export { createPostgresInbox, type PostgresInboxOptions } from './inbox.js'
export type {
  AnyPostgresPool,
  EmbeddedPostgres,
  EmbeddedTransaction,
  PostgresClient,
  PostgresPool,
  PostgresResult,
  PostgresTx,
} from './pool.js'
export { SCHEMA_VERSION, type SchemaSqlOptions, schemaSql, type TableOptions } from './schema.js'
export {
  createPostgresStateStore,
  ensureStateSchema,
  type PostgresStateStore,
  type StateClient,
  type StateTableOptions,
  stateSchemaSql,
} from './state-store.js'
export { type SweepOptions, sweepDeliveries } from './sweep.js'
