import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ensureBuilt, nextBuild } from '@kinde-billing/test-support/example-builds'
import { freePort, onFreePort, startServer } from '@kinde-billing/test-support/server-process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BillingEventType } from '../packages/core/src/index.js'
import {
  type BillingEventClaims,
  type BillingEventOverrides,
  billingEventFixture,
  createTestIssuer,
  deliver,
} from '../packages/testing/src/index.js'
import { startTestIssuer, type TestIssuerServer } from '../packages/testing/src/server.js'
import { findCommands } from './commands/find-fences.js'

const ROOT = join(import.meta.dirname, '..')
const folderOf = (example: string): string => join(ROOT, 'examples', example)

let issuer: TestIssuerServer
beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.close())

/** Starts an example and gives its address to the work; afterwards the example is gone. */
async function running(
  example: string,
  command: readonly string[],
  ready: RegExp,
  work: (url: string) => Promise<void>,
  settings: Record<string, string> = {},
) {
  const [program = '', ...args] = command
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    KINDE_ISSUER_URL: issuer.issuer,
    ...settings,
    // Next.js runs what was built
    ...(example !== 'next' && { NODE_OPTIONS: '--conditions=@kinde-billing/source' }),
  }
  const { port, server } = await onFreePort(async (free) => {
    const options = { cwd: folderOf(example), env: { ...env, PORT: String(free) } }
    return { port: free, server: await startServer(program, args, ready, options) }
  })
  try {
    await work(`http://localhost:${port}`)
  } finally {
    await server.stop('SIGTERM')
  }
}

/** Every billing event, as one customer causes them: a sign-up, trouble with a payment, and a plan change. */
function happenings(): BillingEventClaims[] {
  const customer = { customer_id: 'customer_ada', org_code: 'org_ada' }
  const old = { ...customer, agreement_id: 'agreement_old', plan_code: 'pro' }
  const next = { ...customer, agreement_id: 'agreement_new', plan_code: 'team' }
  const inOrder: [type: BillingEventType, data: BillingEventOverrides['data']][] = [
    ['customer.agreement_created', old],
    ['customer.plan_assigned', old],
    ['customer.meter_usage_updated', { ...old, quantity: 900 }],
    ['customer.payment_failed', old],
    ['customer.invoice_overdue', old],
    ['customer.payment_succeeded', old],
    ['customer.plan_changed', next],
    ['customer.agreement_cancelled', old],
    ['customer.agreement_created', next],
  ]
  const startedAt = Date.now() - inOrder.length * 60_000
  return inOrder.map(([type, data], minute) =>
    billingEventFixture(type, {
      timestamp: new Date(startedAt + minute * 60_000).toISOString(),
      ...(data && { data }),
    }),
  )
}

const EFFECTS = [
  {
    key: 'customer:customer_ada',
    access: 'active',
    plan: 'team',
    reason: expect.stringContaining('agreement_new'),
    messages: [
      expect.stringMatching(/^access_granted: Access/),
      expect.stringMatching(/^usage_changed: Access/),
      expect.stringMatching(/^payment_due: Access, with a payment due/),
      'please try another card',
      expect.stringMatching(/^payment_recovered: Access/),
      'receipt',
      expect.stringMatching(/^plan_changed: Access: .* on plan team/),
    ],
  },
]

async function receivesAndActs(url: string, path = '/webhooks/kinde'): Promise<void> {
  const answerTo = async (token: string): Promise<[status: number, body: unknown]> => {
    const { status, body } = await deliver(`${url}${path}`, token)
    return [status, body]
  }
  const tokens = await Promise.all(happenings().map((claims) => issuer.sign(claims)))
  for (const token of tokens) expect(await answerTo(token)).toEqual([200, { status: 'processed' }])
  for (const token of tokens) expect(await answerTo(token)).toEqual([200, { status: 'duplicate' }])

  const forger = await createTestIssuer()
  const forged = billingEventFixture('customer.plan_changed', {
    data: { customer_id: 'customer_ada', plan_code: 'pro' },
  })
  const asIssuer = { header: { kid: issuer.kid } }
  expect(await answerTo(await forger.sign(forged, asIssuer))).toEqual([401, { error: 'unauthorized' }])

  const customers = await fetch(`${url}/customers`)
  expect(await customers.json()).toEqual(EFFECTS)

  const projects = async (org: string): Promise<number> =>
    (await fetch(`${url}/projects`, { headers: { 'x-example-org': org } })).status
  expect([await projects('org_ada'), await projects('org_bob')]).toEqual([200, 402])
}

/** Types the `curl` commands of the README of an example. A status that the comment of one names is the answer's. */
async function answersItsReadme(example: string, url: string, metricsPort = 0): Promise<void> {
  const commands = findCommands().filter(
    ({ page, text }) => page === `examples/${example}/README.md` && /^curl /.test(text),
  )
  expect(commands.length).toBeGreaterThan(0)
  for (const { text, comment } of commands) {
    const here = text.replace('http://localhost:3000', url).replace('localhost:9464', `localhost:${metricsPort}`)
    const { stdout } = await promisify(execFile)('sh', ['-c', here.replace('curl', 'curl --silent --show-error')])
    const [, status, body = ''] = /^(\d{3})(?:, (\{.*\}))?/.exec(comment) ?? []
    if (status !== undefined) expect(stdout).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(stdout).toContain(body)
    expect(stdout).not.toBe('')
  }
}

/** The applications with a page that shows the effects of the events; Next.js is built before. */
const EXAMPLES = readdirSync(join(ROOT, 'examples')).filter((name) => {
  const readme = join(folderOf(name), 'README.md')
  return name !== 'next' && existsSync(readme) && readFileSync(readme, 'utf8').includes('localhost:3000/customers')
})

describe.each(EXAMPLES)('examples/%s', (example) => {
  it('receives every billing event and acts on each once', async () => {
    const { scripts } = JSON.parse(await readFile(join(folderOf(example), 'package.json'), 'utf8'))
    const [tsx, ...args] = scripts.start.split(' ')
    const command = [join(ROOT, 'node_modules/.bin', tsx), ...args]
    // its bundler finds what was built
    if (example === 'workers') for (const name of ['core', 'state', 'hono', 'cloudflare']) await ensureBuilt(name)
    await running(example, command, /Listening/, async (url) => {
      await answersItsReadme(example, url)
      await receivesAndActs(url)
    })
  })
})

describe.each(['lambda', 'observability'])('examples/%s', (example) => {
  it('answers the commands of its README', async () => {
    const { scripts } = JSON.parse(await readFile(join(folderOf(example), 'package.json'), 'utf8'))
    const [tsx, ...args] = scripts.start.split(' ')
    const metricsPort = await freePort()
    const settings = { METRICS_PORT: String(metricsPort) }
    const command = [join(ROOT, 'node_modules/.bin', tsx), ...args]
    await running(example, command, /listening/i, (url) => answersItsReadme(example, url, metricsPort), settings)
  })
})

describe('examples/next', () => {
  const next = join(folderOf('next'), 'node_modules/.bin/next')

  beforeAll(async () => {
    for (const name of ['core', 'state', 'next']) await ensureBuilt(name)
  }, 300_000)

  it('is built without an issuer, receives every billing event and acts on each once', async () => {
    expect(await nextBuild(folderOf('next'))).toContain('/api/webhooks/kinde')
    await running('next', [next, 'start'], /Ready/, async (url) => {
      await answersItsReadme('next', url)
      await receivesAndActs(url, '/api/webhooks/kinde')
    })
  })
})
