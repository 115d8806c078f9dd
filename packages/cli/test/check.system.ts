import { createPostgresInbox, ensureSchema } from '@kinde-billing/postgres'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { newDelivery } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CheckResult } from '../src/check/finding.js'
import { kindeBilling } from './recording-terminal.js'

describe.runIf(isInstalled('postgres'))('kinde-billing check of an inbox on a real Postgres', () => {
  let server: PostgresServer
  let pool: Pool
  beforeAll(async () => {
    server = await startPostgres()
    pool = new Pool({ connectionString: server.url })
    pool.on('error', () => {})
  })
  afterAll(async () => {
    await pool.end()
    await server.close()
  })

  async function checkInbox(): Promise<CheckResult | undefined> {
    const env = { KINDE_ISSUER_URL: 'http://127.0.0.1:9', DATABASE_URL: server.url }
    const { out } = await kindeBilling(['check', '--endpoint', 'http://127.0.0.1:9/hook', '--json'], { env })
    const { checks }: { checks: CheckResult[] } = JSON.parse(out)
    return checks.find(({ id }) => id === 'inbox')
  }

  it('finds a table that is missing, then a healthy inbox, then events that fail', async () => {
    expect(await checkInbox()).toMatchObject({ verdict: 'found', seen: expect.stringContaining('cannot be read') })
    await ensureSchema(pool)
    expect(await checkInbox()).toMatchObject({ verdict: 'unknown', seen: expect.stringContaining('no event') })
    const inbox = createPostgresInbox({ pool })
    await inbox.once(newDelivery(), async () => {})
    expect(await checkInbox()).toMatchObject({ verdict: 'ok' })
    const failure = new Error('no')
    await expect(inbox.once(newDelivery(), () => Promise.reject(failure))).rejects.toBe(failure)
    expect(await checkInbox()).toMatchObject({ verdict: 'found', seen: expect.stringContaining('1 event') })
  })
})
