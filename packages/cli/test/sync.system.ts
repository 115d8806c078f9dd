import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeBillingEvent } from '@kinde-billing/core'
import type { SyncReport } from '@kinde-billing/management'
import { createPostgresStateStore, ensureStateSchema } from '@kinde-billing/postgres'
import { applyBillingEvent, summarize } from '@kinde-billing/state'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { billingEventFixture } from '@kinde-billing/testing'
import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Terminal } from '../src/terminal.js'
import { kindeBilling, stdinOf } from './recording-terminal.js'
import { temporaryFolder } from './temporary-folder.js'

const PRO = { id: 'agreement_1', plan_code: 'pro' }

describe.runIf(isInstalled('postgres'))('kinde-billing sync on a real Postgres', () => {
  let server: PostgresServer
  let pool: Pool
  let kinde: TestManagementApi
  let cwd: string

  beforeAll(async () => {
    server = await startPostgres()
    pool = new Pool({ connectionString: server.url })
    pool.on('error', () => {})
    await ensureStateSchema(pool)
    kinde = await startTestManagementApi({
      users: [{ id: 'kp_1', billing: { customer_id: 'customer_1' } }],
      organizations: [{ code: 'org_2', billing: { billing_customer_id: 'customer_2' } }],
    })
  })
  afterAll(async () => {
    await Promise.all([pool.end(), kinde.close()])
    await server.close()
  })
  beforeEach(async () => {
    await pool.query('truncate kinde_billing_states')
    kinde.tenant.agreements = { customer_1: [PRO], customer_2: [] }
    cwd = await temporaryFolder()
  })

  const sync = (args: string[], changes: Partial<Terminal> = {}) =>
    kindeBilling(['sync', ...args], { env: { ...kinde.env, DATABASE_URL: server.url }, cwd, ...changes })
  const countRows = async () => (await pool.query('select 1 from kinde_billing_states')).rowCount
  const summary = async (customerId: string) =>
    summarize(await createPostgresStateStore({ pool }).read(`customer:${customerId}`), { now: Date.now() })

  it('compares and changes nothing with --dry-run and --check, whose exit codes differ', async () => {
    expect(await sync(['--dry-run'])).toMatchObject({ code: 0, out: expect.stringContaining('1 differ') })
    expect(await sync(['--check'])).toMatchObject({ code: 1, out: expect.stringContaining('access_granted') })
    expect(await countRows()).toBe(0)
  })

  it('changes with --yes, and then nothing differs', async () => {
    expect(await sync(['--yes'])).toMatchObject({ code: 0, out: expect.stringContaining('1 changed') })
    expect(await summary('customer_1')).toMatchObject({ hasAccess: true, plan: { code: 'pro' } })
    expect(await sync(['--check'])).toMatchObject({ code: 0, out: expect.stringContaining('0 differ') })
  })

  it('computes the columns by the policy of the file', async () => {
    const data = { customer_id: 'customer_1', agreement_id: PRO.id, plan_code: PRO.plan_code }
    const owes = applyBillingEvent(
      undefined,
      decodeBillingEvent(billingEventFixture('customer.payment_failed', { data })),
    )
    const store = createPostgresStateStore({ pool })
    await store.transaction(async (tx) => {
      const stored = await store.load('customer:customer_1', { tx })
      await store.save('customer:customer_1', owes, stored?.version, { tx })
    })
    const hasAccess = async () =>
      (await pool.query("select has_access from kinde_billing_states where customer_id = 'customer_1'")).rows
    await writeFile(join(cwd, 'policy.json'), '{"pastDueGraceMs": 0}')
    expect(await hasAccess()).toEqual([{ has_access: true }])
    expect((await sync(['customer_1', '--yes', '--policy', 'policy.json'])).code).toBe(0)
    expect(await hasAccess()).toEqual([{ has_access: false }])
  })

  it('shows, then asks', async () => {
    const no = await sync([], { isInteractive: true, stdin: stdinOf('n\n') })
    expect(no).toMatchObject({ code: 1, err: expect.stringContaining('Change the state of this customer?') })
    expect(await countRows()).toBe(0)
    expect((await sync([], { isInteractive: true, stdin: stdinOf('y\n') })).code).toBe(0)
    expect((await summary('customer_1')).hasAccess).toBe(true)
    await pool.query('truncate kinde_billing_states')
    expect((await sync([])).code).toBe(2)
  })

  it('syncs one customer, by any of its names', async () => {
    expect(await sync(['org_2', '--yes'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('customer:customer_2'),
    })
    expect(await sync(['kp_1', '--check'])).toMatchObject({ code: 1 })
    expect(await sync(['kp_1', '--yes', '--json'])).toMatchObject({ code: 0 })
    expect(await sync(['customer_1', '--check'])).toMatchObject({ code: 0 })
    expect(await sync(['kp_9', '--check'])).toMatchObject({ code: 1, err: expect.stringContaining('not_found') })
  })

  it('keeps the progress of a run that stops, and continues from it', async () => {
    kinde.failNext({ status: 403 }, { on: 'GET /api/v1/organization', times: 2 })
    expect(await sync(['--yes', '--progress', 'sync.json'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('read:organizations'),
    })
    const kept: SyncReport = JSON.parse(await readFile(join(cwd, 'sync.json'), 'utf8'))
    expect(kept).toMatchObject({ checked: 1, complete: false })
    expect((await sync(['--check', '--progress', 'sync.json'])).code).toBe(2)
    const { code, out } = await sync(['--yes', '--progress', 'sync.json', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ checked: 2, drifted: 1, complete: true })
    await expect(readFile(join(cwd, 'sync.json'))).rejects.toThrow('ENOENT')
    await writeFile(join(cwd, 'other.json'), '{}')
    expect((await sync(['--yes', '--progress', 'other.json'])).code).toBe(2)
  })

  it('says that the table is missing', async () => {
    expect(await sync(['--yes', '--table', 'not_there'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('ensureStateSchema'),
    })
  })
})
