import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { SyncReport } from '@kinde-billing/management'
import { createPostgresStateStore, ensureStateSchema } from '@kinde-billing/postgres'
import { summarize } from '@kinde-billing/state'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { temporaryFolder } from './temporary-folder.js'

const KILLS = 10
const CUSTOMERS = 90
const READ = 'GET /api/v1/billing/agreements'
const ids = Array.from({ length: CUSTOMERS }, (_, index) => `customer_${index}`)
const isOrganization = (index: number): boolean => index % 2 === 1
// every third customer has no agreement, and so nothing to report
const hasAgreement = (index: number): boolean => index % 3 !== 0

let server: PostgresServer
let pool: Pool
let kinde: TestManagementApi

beforeAll(async () => {
  if (!isInstalled('postgres')) return
  server = await startPostgres()
  pool = new Pool({ connectionString: server.url })
  pool.on('error', () => {})
  await ensureStateSchema(pool)
  kinde = await startTestManagementApi({
    maxPageSize: 7,
    users: ids.flatMap((customer_id, index) =>
      isOrganization(index) ? [] : [{ id: `kp_${index}`, billing: { customer_id } }],
    ),
    organizations: ids.flatMap((billing_customer_id, index) =>
      isOrganization(index) ? [{ code: `org_${index}`, billing: { billing_customer_id } }] : [],
    ),
    agreements: Object.fromEntries(
      ids.map((id, index) => [id, hasAgreement(index) ? [{ id: `agreement_${index}`, plan_code: 'pro' }] : []]),
    ),
  })
})
afterAll(async () => {
  await Promise.all([pool?.end(), kinde?.close()])
  await server?.close()
})

const countReads = (): number => kinde.requests.filter(({ method, path }) => `${method} ${path}` === READ).length

/** Runs the command in a process of its own. */
function startSync(cwd: string) {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  const args = ['--conditions=@kinde-billing/source', '--import', import.meta.resolve('tsx'), main]
  const child = spawn(process.execPath, [...args, 'sync', '--yes', '--json', '--progress', 'sync.json'], {
    cwd,
    env: { ...process.env, ...kinde.env, DATABASE_URL: server.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  const exited = once(child, 'close')
  return {
    hasExited: () => child.exitCode !== null,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    async report(): Promise<SyncReport> {
      await exited
      return JSON.parse(out)
    },
  }
}

/** The report without what depends on the moment of reading. */
function timeless(report: SyncReport) {
  const customers = report.customers.map(({ follows, ...entry }) => ({
    ...entry,
    follows: { access: follows?.access, plan: follows?.plan },
  }))
  return { ...report, customers: customers.toSorted((a, b) => (a.customerId < b.customerId ? -1 : 1)) }
}

async function storedAccess() {
  const store = createPostgresStateStore({ pool })
  return Promise.all(
    ids.map(async (id) => {
      const { access, plan, agreements } = summarize(await store.read(`customer:${id}`), { now: Date.now() })
      return { id, access, plan: plan?.code, agreements: agreements.map((agreement) => agreement.id) }
    }),
  )
}

it.runIf(isInstalled('postgres'))(
  `ends with the report and the states of one run, after ${KILLS} times kill -9`,
  async () => {
    const expected = await startSync(await temporaryFolder()).report()
    expect(expected).toMatchObject({
      complete: true,
      checked: CUSTOMERS,
      drifted: ids.filter((_, index) => hasAgreement(index)).length,
    })
    const states = await storedAccess()
    await pool.query('truncate kinde_billing_states')

    const cwd = await temporaryFolder()
    for (let kill = 0; kill < KILLS; kill++) {
      const before = countReads()
      const answered = 5 + (kill % 3)
      // so that the run cannot end before it is killed, however busy the machine is
      kinde.failNext({ delayMs: 600_000 }, { on: READ, after: answered, times: CUSTOMERS })
      const run = startSync(cwd)
      while (countReads() < before + answered && !run.hasExited()) await wait(1)
      expect(run.hasExited()).toBe(false)
      await run.kill()
      kinde.clearFaults()
    }
    expect(timeless(await startSync(cwd).report())).toEqual(timeless(expected))
    expect(await storedAccess()).toEqual(states)
  },
  300_000,
)
