-- Version 1.
-- The deliveries that the inbox of @kinde-billing/postgres knows: one row for each event of each endpoint.
create table if not exists kinde_billing_deliveries (
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
create index if not exists kinde_billing_deliveries_expires_at on kinde_billing_deliveries (expires_at);
-- for lists of what arrived
create index if not exists kinde_billing_deliveries_first_seen_at on kinde_billing_deliveries (first_seen_at);
-- Version 2: claims of events that are not done, failures and redelivery.
alter table kinde_billing_deliveries
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
create index if not exists kinde_billing_deliveries_open on kinde_billing_deliveries (first_seen_at, key) where done_at is null;
-- for redeliver(): the oldest event of each customer
create index if not exists kinde_billing_deliveries_redelivery on kinde_billing_deliveries (occurred_at, key) where redelivery_requested_at is not null;
create index if not exists kinde_billing_deliveries_customer on kinde_billing_deliveries (customer, occurred_at, key) where customer is not null;
-- for sweepDeliveries, which also removes claims
create index if not exists kinde_billing_deliveries_claims on kinde_billing_deliveries (claims_expire_at) where claims is not null and done_at is not null;
