import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { startPostgres } from '@kinde-billing/test-support/postgres-server'
import { startRedis } from '@kinde-billing/test-support/redis-server'
import { freePort } from '@kinde-billing/test-support/server-process'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { billingEventFixture, deliver } from '../packages/testing/src/index.js'
import { startTestIssuer, type TestIssuerServer } from '../packages/testing/src/server.js'

const FOLDER = join(import.meta.dirname, '../examples/queue')

interface Store {
  readonly url: string
  close(): Promise<void>
}

interface Engine {
  readonly name: 'postgres' | 'redis'
  readonly server: 'postgres' | 'redis-server'
  readonly variable: string
  start(): Promise<Store>
  /** Makes the inbox forget every event, as if each mark had been lost, and says how many there were. */
  forgetMarks(url: string): number
}

const ENGINES: Engine[] = [
  {
    name: 'postgres',
    server: 'postgres',
    variable: 'DATABASE_URL',
    start: () => startPostgres(),
    forgetMarks(url) {
      const sql = 'with gone as (delete from kinde_billing_deliveries returning key) select count(*) from gone'
      return Number(execFileSync('psql', [url, '-Atc', sql]))
    },
  },
  {
    name: 'redis',
    server: 'redis-server',
    variable: 'REDIS_URL',
    start: () => startRedis(['--maxmemory-policy', 'noeviction']),
    forgetMarks(url) {
      const script = "return redis.call('DEL', unpack(redis.call('KEYS', 'kinde-billing:http*')))"
      return Number(execFileSync('redis-cli', ['-u', url, 'eval', script, '0']))
    },
  },
]

/** Ids that an engine could stumble over: its separators, digits alone, and the longest there is. */
const ODD_IDS = ['event:with:four:parts', '12345', '0', '%31', '__proto__', 'ключ', 'x'.repeat(256)]

let issuer: TestIssuerServer
beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.close())

describe.each(ENGINES.filter(({ server }) => isInstalled(server)))('examples/queue on $name', (engine) => {
  let store: Store
  let running: ChildProcess[] = []
  beforeAll(async () => {
    store = await engine.start()
  })
  afterEach(async () => {
    await Promise.all(running.map((child) => ended(child, 'SIGTERM')))
    running = []
  })
  afterAll(() => store.close())

  /** What all processes of this test have printed. */
  let lines: string[] = []
  const printed = new EventEmitter()
  const done = (): string[] => lines.filter((line) => line.startsWith('done: '))

  async function start(role: 'web' | 'worker', settings: Record<string, string> = {}) {
    const engineSettings = { QUEUE: engine.name, [engine.variable]: store.url, TAKE_OVER_SECONDS: '2' }
    const env = { ...process.env, ...engineSettings, WORK_MS: '10', ...settings }
    // node itself, since a tsx that is killed leaves its child alive
    const args = ['--import', 'tsx', '--conditions=@kinde-billing/source', 'src/main.ts', role]
    const child = spawn(process.execPath, args, { cwd: FOLDER, env, stdio: ['ignore', 'pipe', 'inherit'] })
    running.push(child)
    const output = createInterface(child.stdout)
    output.on('line', (line) => {
      lines.push(line)
      printed.emit('line')
    })
    await lineSeen(output, /^(Working|Listening)/)
    return { child, output }
  }

  async function startWeb() {
    const PORT = String(await freePort())
    return { ...(await start('web', { PORT, KINDE_ISSUER_URL: issuer.issuer })), url: `http://127.0.0.1:${PORT}/` }
  }

  it('answers 200 and does the work once, whatever is delivered how often', async () => {
    lines = []
    const [{ url }] = await Promise.all([startWeb(), start('worker')])
    const ids = [...ODD_IDS, ...Array.from({ length: 5 }, (_, index) => `event_${index}`)]
    const tokens = await Promise.all(
      ids.map((id) => issuer.sign(billingEventFixture('customer.payment_failed', { event_id: id }))),
    )
    await Promise.all([...tokens, ...tokens, ...tokens].map((token) => deliverUntil200(url, token)))
    await eventually(() => done().length >= ids.length)
    expect(
      done()
        .map((line) => line.split(' ')[2])
        .sort(),
    ).toEqual([...ids].sort())

    // a mark that is lost makes the handler run again: the job's id still keeps it from being enqueued twice
    expect(engine.forgetMarks(store.url)).toBe(ids.length)
    for (const token of tokens) expect((await deliver(url, token)).body).toEqual({ status: 'processed' })
    await isWorkedOff(url)
    expect(done()).toHaveLength(ids.length + 1)
  })

  it('does the work after a restart, where the process was killed after the 200 and before the work', async () => {
    lines = []
    const web = await startWeb()
    const claims = billingEventFixture('customer.plan_changed', {
      event_id: 'event_killed',
      event_timestamp: '2026-01-02T03:04:05.678901+10:00',
      data: { customer_id: 'customer_ada' },
    })
    const answer = await deliver(web.url, await issuer.sign(claims))
    expect([answer.status, answer.body]).toEqual([200, { status: 'processed' }])
    await ended(web.child, 'SIGKILL')
    expect(done()).toEqual([])

    await start('worker')
    await eventually(() => done().length > 0)
    // the whole event has come through, with its times
    expect(done()).toEqual(['done: customer.plan_changed event_killed of customer_ada, at 2026-01-01T17:04:05.678Z'])
  })

  it('does the work again, where the worker was killed in the middle of it', async () => {
    lines = []
    const web = await startWeb()
    const slow = await start('worker', { WORK_MS: '60000' })
    const begun = lineSeen(slow.output, /^begun: /)
    const token = await issuer.sign(billingEventFixture('customer.plan_changed', { event_id: 'event_begun' }))
    expect((await deliver(web.url, token)).status).toBe(200)
    await begun
    await ended(slow.child, 'SIGKILL')

    await start('worker')
    await eventually(() => done().length > 0)
    expect(done()).toEqual([expect.stringContaining('event_begun')])
  })

  /** Waits until a last event, enqueued behind all others, is done. */
  async function isWorkedOff(url: string): Promise<void> {
    await deliver(url, await issuer.sign(billingEventFixture('customer.plan_changed', { event_id: 'event_last' })))
    await eventually(() => done().some((line) => line.includes('event_last')))
  }

  async function eventually(isSo: () => boolean): Promise<void> {
    while (!isSo()) await once(printed, 'line')
  }
})

async function deliverUntil200(url: string, token: string): Promise<void> {
  let status: number
  do ({ status } = await deliver(url, token))
  while (status === 409)
  expect(status).toBe(200)
}

function lineSeen(output: ReturnType<typeof createInterface>, line: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    output.on('line', (text) => line.test(text) && resolve())
    output.on('close', () => reject(new Error(`The process ended without a line like ${line}`)))
  })
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
