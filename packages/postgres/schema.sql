-- The deliveries that the inbox of @kinde-billing/postgres knows of: one row for each event of each endpoint.
create table if not exists kinde_billing_deliveries (
  -- "<issuer> <name> <event_id>". Compared by its bytes: fast, and the same under every version of the system's locales.
  key text collate "C" primary key,
  event_id text not null,
  type text not null,
  -- when the event happened, as Kinde says
  occurred_at timestamptz not null,
  -- when it first arrived, when it last did, and how often: written before the handler runs, and kept whatever it does
  first_seen_at timestamptz not null default now(),
  last_attempt_at timestamptz not null default now(),
  attempts integer not null default 1,
  -- the mark, committed together with the handler's writes; null while no attempt has succeeded
  done_at timestamptz,
  -- done, but by a DiscardEvent: the handler's writes were undone
  discarded boolean not null default false,
  -- from then on the row counts as absent, and a sweep may delete it
  expires_at timestamptz not null
);
-- for the sweep
create index if not exists kinde_billing_deliveries_expires_at on kinde_billing_deliveries (expires_at);
-- for the operator who asks what arrived, and what failed
create index if not exists kinde_billing_deliveries_first_seen_at on kinde_billing_deliveries (first_seen_at);
