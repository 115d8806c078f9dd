import { createWebHandler, type DeliveryOutcome } from '@kinde-billing/core/receiver'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'
import { newDelivery } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool, type PoolConfig } from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { createPostgresInbox, readDelivery } from '../src/index.js'
import { usePostgres } from './use-postgres.js'

const SCHEMA = `
  create table effects (value text);
  create table parents (id int primary key);
  create table children (id int references parents deferrable initially deferred);
  create table refused (id int);
  create function refuse() returns trigger language plpgsql as 'begin raise exception ''no more invoices''; end';
  create trigger refuse before insert on refused for each row execute function refuse();
  create schema elsewhere;
  create table elsewhere.kinde_billing_deliveries (other int);
  create role app;
  create role writer login;
  grant all on effects to app, writer;
  grant select, insert, update on kinde_billing_deliveries to writer`

const READ_SETTINGS = `select current_setting('role') as role, current_setting('search_path') as path, current_setting('lock_timeout') as lock,
  current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle,
  current_setting('default_transaction_read_only') as read_only, current_setting('enable_seqscan') as scan`

describe.runIf(isInstalled('postgres'))('a healthy Postgres', () => {
  const postgres = usePostgres(SCHEMA)
  let issuer: TestIssuer
  beforeAll(async () => {
    issuer = await createTestIssuer()
  })

  /** Delivers an event through a pool of one connection, as often as `statements` are given to its handler. */
  async function deliver(config: PoolConfig, statements: readonly string[]) {
    const pool = new Pool({ connectionString: postgres.server.url, max: 1, ...config }).on('error', () => {})
    const outcomes: Pick<DeliveryOutcome, 'outcome' | 'error'>[] = []
    const readSettings = async () => (await pool.query(READ_SETTINGS)).rows
    const settings = await readSettings()
    let statement = ''
    const handle = createWebHandler({
      issuer: issuer.issuer,
      jwks: issuer.jwks,
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      log: false,
      onOutcome: (outcome) => outcomes.push(outcome),
      onEvent: async (_, { tx }) => void (await tx.query(statement)),
    })
    for (statement of statements) {
      const eventId = `event_${crypto.randomUUID()}`
      const body = await issuer.sign(billingEventFixture('customer.payment_failed', { event_id: eventId }))
      const response = await handle(new Request('http://127.0.0.1', { method: 'POST', body }))
      const expected = response.status === 200 ? 'done' : 'failed'
      expect((await readDelivery(postgres.observer, eventId))?.status).toBe(expected)
    }
    expect(await readSettings(), 'the next user of the connection').toEqual(settings)
    await pool.end()
    return outcomes
  }

  const insert = "insert into public.effects values ('one')"
  const processed = { outcome: 'processed' }

  it.each([
    'default_transaction_isolation=serializable',
    'default_transaction_deferrable=on',
    'standard_conforming_strings=off',
    'client_encoding=LATIN1',
    'DateStyle=SQL,DMY',
    'IntervalStyle=sql_standard',
    'TimeZone=Asia/Kathmandu',
    'extra_float_digits=-15',
    'plan_cache_mode=force_custom_plan',
    'plan_cache_mode=force_generic_plan',
    'enable_indexscan=off',
    'session_replication_role=replica',
    'lock_timeout=1',
    'statement_timeout=2147483647',
  ])('marks with the setting %s', async (setting) => {
    const outcomes = await deliver({ options: `-c ${setting}` }, [insert, insert, insert])
    expect(outcomes).toMatchObject([processed, processed, processed])
  })

  it.each([
    'listen billing',
    "notify billing, 'paid'",
    'select pg_advisory_lock(1)',
    'select pg_advisory_xact_lock(2)',
    'create temp table scratch (x int) on commit drop; insert into scratch values (1)',
    'declare mine cursor for select 1; fetch mine',
    'lock table effects',
    'set transaction read only',
    'set session characteristics as transaction read only',
    'set default_transaction_read_only = on',
    'set session characteristics as transaction isolation level serializable',
    "set idle_in_transaction_session_timeout = '1min'",
    "set statement_timeout = '1min'; set local statement_timeout = '2min'",
    "set lock_timeout = '1min'; set local lock_timeout = '2min'",
    'set local role app',
    'set role app',
    'set local search_path = elsewhere',
    'set search_path = elsewhere',
    'set client_min_messages = debug5',
    'discard plans',
    'savepoint before_the_handler',
    'rollback to savepoint before_the_handler',
  ])('marks after a handler runs: %s', async (statement) => {
    expect(await deliver({}, [insert, statement, insert, insert])).toMatchObject([
      processed,
      processed,
      processed,
      processed,
    ])
  })

  it.each([
    ['insert into children values (1)', '23503'],
    ['insert into refused values (1)', 'no more invoices'],
    ['select 1 / 0', 'division by zero'],
    ['set local statement_timeout = 20; select pg_sleep(10)', 'statement timeout'],
    ['set session authorization app', '42501'],
    ['set transaction isolation level serializable', 'must be called before any query'],
    ['release savepoint before_the_handler', "ended the inbox's transaction"],
    ['deallocate all', 'DEALLOCATE ALL'],
    ['vacuum effects', 'cannot run inside a transaction block'],
    ['select pg_cancel_backend(pg_backend_pid())', 'user request'],
  ])('fails the handler with the reason, and marks the next event, after: %s', async (statement, reason) => {
    const [, , failed, next] = await deliver({}, [insert, insert, statement, insert])
    expect(failed).toMatchObject({ outcome: 'handler_failed' })
    expect(String(failed?.error?.cause)).toContain(reason)
    expect(next).toMatchObject(processed)
  })

  it('that takes no writes is unavailable, with the reason', async () => {
    const pool = new Pool({ connectionString: postgres.server.url, options: '-c default_transaction_read_only=on' })
    const attempt = createPostgresInbox({ pool }).once(newDelivery(), async () => {})
    await expect(attempt).rejects.toThrow('in a read-only transaction')
    await pool.end()
  })

  it('needs no right to delete', async () => {
    const pool = new Pool({ connectionString: postgres.server.url.replace('postgres@', 'writer@'), max: 1 })
    const inbox = createPostgresInbox({ pool })
    const expired = newDelivery({ retentionMs: 0 })
    const work = (tx: { query(text: string): Promise<unknown> }) => tx.query(insert).then(() => {})
    for (let run = 0; run < 3; run += 1) expect(await inbox.once(expired, work)).toBe('processed')
    const failing = newDelivery()
    await expect(inbox.once(failing, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await inbox.once(failing, work)).toBe('processed')
    await pool.end()
  })
})
