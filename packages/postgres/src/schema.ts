import { assertKnownOptions, invalidConfiguration } from '@kinde-billing/core/internal'
import { type TableOptions, tableName } from './table-name.js'

export type { TableOptions } from './table-name.js'

/** The options of {@link schemaSql}. */
export interface SchemaSqlOptions extends TableOptions {
  /**
   * The version that the table has, if there is one: the result then holds only what later versions add. Default: 0, no
   * table yet.
   */
  from?: number | undefined
}

/** The version of the table that this release needs. */
export const SCHEMA_VERSION = 2

/** What each version adds. A published version never changes; every statement may be run again. */
const VERSIONS: readonly ((table: string, name: string) => string)[] = [
  (table, name) => `-- Version 1.
-- The deliveries that the inbox of @kinde-billing/postgres knows: one row for each event of each endpoint.
create table if not exists ${table} (
  -- "<issuer> <name> <event_id>". Compared by its bytes: fast, and the same under every version of the system's locales.
  key text collate "C" primary key,
  event_id text not null,
  type text not null,
  -- when the event happened, according to Kinde
  occurred_at timestamptz not null,
  -- when it first arrived, when it last did, and how often: written before the handler runs, and kept whatever it does
  first_seen_at timestamptz not null default now(),
  last_attempt_at timestamptz not null default now(),
  attempts integer not null default 1,
  -- the mark, committed together with the handler's writes; null while no attempt has succeeded
  done_at timestamptz,
  -- done, but by a DiscardEvent: the handler's writes were undone
  discarded boolean not null default false,
  -- from then on the row counts as absent, and sweepDeliveries may delete it
  expires_at timestamptz not null
);
-- for sweepDeliveries
create index if not exists ${name}_expires_at on ${table} (expires_at);
-- for lists of what arrived
create index if not exists ${name}_first_seen_at on ${table} (first_seen_at);
`,
  (table, name) => `-- Version 2: claims of events that are not done, failures and redelivery.
alter table ${table}
  -- the verified claims, as JSON (text: jsonb refuses U+0000), and the customer they name: only while the event is not
  -- done, or with keepClaims: 'all' until claims_expire_at
  add column if not exists claims text,
  add column if not exists customer text,
  add column if not exists claims_expire_at timestamptz,
  -- how often the handler failed, and how it last did; the mark removes code and message
  add column if not exists failures integer not null default 0,
  add column if not exists failed_at timestamptz,
  add column if not exists error_code text,
  add column if not exists error_message text,
  -- null: no redelivery is requested
  add column if not exists redelivery_requested_at timestamptz,
  add column if not exists redelivery_due_at timestamptz,
  add column if not exists redelivery_attempts integer not null default 0,
  add column if not exists redelivery_even_if_done boolean not null default false,
  -- why it was last requested, and what became of it
  add column if not exists redelivery_reason text,
  add column if not exists redeliveries integer not null default 0,
  add column if not exists redelivered_at timestamptz;
-- for lists of what failed, and for the inbox's health; as good as empty while all is well
create index if not exists ${name}_open on ${table} (first_seen_at, key) where done_at is null;
-- for redeliver(): the oldest event of each customer
create index if not exists ${name}_redelivery on ${table} (occurred_at, key) where redelivery_requested_at is not null;
create index if not exists ${name}_customer on ${table} (customer, occurred_at, key) where customer is not null;
-- for sweepDeliveries, which also removes claims
create index if not exists ${name}_claims on ${table} (claims_expire_at) where claims is not null and done_at is not null;
`,
]

/**
 * Returns the SQL that creates the inbox's table, or brings an older one up to date, for migrations of your own. Each
 * version only adds to the one before, and older releases keep working on the newer table. The same text, for the default
 * table, is in the package's `schema.sql`.
 *
 * @param options - `table`: the table's name, whose schema must exist. `from`: the version that the table has. Default: 0.
 * @throws KindeWebhookError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { schemaSql } from '@kinde-billing/postgres'
 *
 * console.log(schemaSql({ from: 1 })) // only what version 2 adds
 * ```
 */
export function schemaSql(options: SchemaSqlOptions = {}): string {
  assertKnownOptions('schemaSql', options, ['table', 'from'])
  const { from = 0 } = options
  const table = tableName(options)
  if (!Number.isSafeInteger(from) || from < 0 || from > SCHEMA_VERSION)
    throw invalidConfiguration('from', from, `pass a whole number from 0 to ${SCHEMA_VERSION}`)
  const name = table.replace(/^.*\./, '')
  return VERSIONS.slice(from)
    .map((version) => version(table, name))
    .join('')
}
