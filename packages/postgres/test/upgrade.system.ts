import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { latch, newDelivery, nothing } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPostgresInbox, ensureSchema, schemaSql } from '../src/index.js'

describe.runIf(isInstalled('postgres'))('an upgrade of the table beside running processes', () => {
  let server: PostgresServer
  let pool: Pool
  beforeAll(async () => {
    server = await startPostgres()
    pool = new Pool({ connectionString: server.url })
  })
  afterAll(async () => {
    await pool.end()
    await server.close()
  })

  it('waits for a handler that holds the table, lets other statements pass meanwhile, and excludes older releases', async () => {
    const [versionOne = ''] = schemaSql().split('-- Version 2')
    await pool.query(versionOne)
    const older = await pool.connect()
    const delivery = newDelivery()
    // As the release before claims an event, and reads its row.
    await older.query('begin')
    const lock = `kinde_billing_deliveries ${delivery.key}`
    await older.query('select pg_try_advisory_xact_lock(hashtextextended($1, 0))', [lock])
    await older.query('select done_at from kinde_billing_deliveries where key = $1', [delivery.key])

    const upgraded = latch()
    const upgrading = Promise.all([ensureSchema(pool), ensureSchema(pool)]).then(upgraded.open, upgraded.fail)
    const arrive = `insert into kinde_billing_deliveries (key, event_id, type, occurred_at, expires_at)
      values ($1, 'e', 't', now(), now() + interval '7 days')`
    for (let arrival = 0; arrival < 20; arrival += 1) {
      await pool.query(arrive, [`https://acme.kinde.com older ${arrival}`])
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await older.query('commit')
    await upgrading
    await upgraded.opened

    await older.query('begin')
    await older.query('select pg_try_advisory_xact_lock(hashtextextended($1, 0))', [lock])
    const inbox = createPostgresInbox({ pool })
    expect(await inbox.once(delivery, nothing)).toBe('in_progress')
    await older.query('rollback')
    older.release()
    expect(await inbox.once(delivery, nothing)).toBe('processed')
  })

  it('creates the schema that the name gives, from several processes at once', async () => {
    const options = { table: 'billing.deliveries' }
    await Promise.all([1, 2, 3].map(() => ensureSchema(pool, options)))
    const inbox = createPostgresInbox({ pool, ...options })
    expect(await inbox.once(newDelivery(), nothing)).toBe('processed')
  })
})
