/** Where a commit that changed what the page shows is announced. */
export const CHANNEL = 'saas_changes'

/** The application's own tables, beside those of the inbox and of the state store. */
export const SCHEMA = `
create table if not exists saas_customers (
  key text primary key,
  -- what the page calls them: the mail address, where an event has told it
  name text,
  number bigint generated always as identity
);

-- every event that was handled, once each
create table if not exists saas_events (
  id text primary key,
  arrival bigint generated always as identity,
  customer text not null,
  type text not null,
  occurred_at timestamptz not null,
  -- of a usage report
  quantity float8,
  -- what it changed, in words
  effects text[] not null default '{}',
  claims text not null
);
create index if not exists saas_events_of_customer on saas_events (customer, arrival desc);

create table if not exists saas_mails (
  cause text not null,
  subject text not null,
  customer text not null,
  primary key (cause, subject)
);

-- every request, whatever became of it: the latest only, since anybody can send nonsense
create table if not exists saas_deliveries (
  id bigint generated always as identity primary key,
  received_at timestamptz not null default now(),
  outcome text not null,
  status int not null,
  reason text,
  type text,
  customer text
);

create or replace function saas_announce() returns trigger language plpgsql as
  $$ begin notify ${CHANNEL}; return null; end $$;
create or replace trigger announce after insert or update on saas_events for each statement execute function saas_announce();
create or replace trigger announce after insert on saas_mails for each statement execute function saas_announce();
create or replace trigger announce after insert on saas_deliveries for each statement execute function saas_announce();
`
