import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureBuilt, nextBuild } from '@kinde-billing/test-support/example-builds'
import { freePort, startServer } from '@kinde-billing/test-support/server-process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type BillingEventClaims,
  billingEventFixture,
  createTestIssuer,
  deliver,
} from '../packages/testing/src/index.js'
import { startTestIssuer, type TestIssuerServer } from '../packages/testing/src/server.js'

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
) {
  const [program = '', ...args] = command
  const port = await freePort()
  const server = await startServer(program, args, ready, {
    cwd: folderOf(example),
    env: { ...process.env, NODE_ENV: 'production', KINDE_ISSUER_URL: issuer.issuer, PORT: String(port) },
  })
  try {
    await work(`http://localhost:${port}`)
  } finally {
    await server.stop('SIGTERM')
  }
}

/** Every billing event, as one customer causes them: a sign-up, trouble with a payment, and a plan change. */
function happenings(): BillingEventClaims[] {
  const customer = { customer_id: 'customer_ada' }
  const old = { ...customer, agreement_id: 'agreement_old', plan_code: 'pro' }
  const next = { ...customer, agreement_id: 'agreement_new', plan_code: 'team' }
  return [
    billingEventFixture('customer.agreement_created', { data: old }),
    billingEventFixture('customer.plan_assigned', { data: old }),
    billingEventFixture('customer.meter_usage_updated', { data: { ...customer, quantity: 900 } }),
    billingEventFixture('customer.payment_failed', { data: customer }),
    billingEventFixture('customer.invoice_overdue', { data: customer }),
    billingEventFixture('customer.payment_succeeded', { data: customer }),
    billingEventFixture('customer.plan_changed', { data: next }),
    billingEventFixture('customer.agreement_cancelled', { data: old }),
    billingEventFixture('customer.agreement_created', { data: next }),
  ]
}

const EFFECTS = [
  {
    id: 'customer_ada',
    access: 'full',
    plan: 'team',
    features: ['projects', 'exports', 'api', 'members'],
    agreements: { agreement_old: 'cancelled', agreement_new: 'active' },
    payment: 'paid',
    usage: { api_calls: 900 },
    messages: [
      'welcome',
      'near the limit of api_calls: 900',
      'payment failed: please try another card',
      'reminder: the invoice was due on 2026-04-17',
      'to accounts receivable: an invoice is overdue',
      'receipt',
      'your plan is now team',
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
}

describe.each(['node-http', 'express', 'fastify', 'hono', 'workers'])('examples/%s', (example) => {
  it('receives every billing event and acts on each once', async () => {
    const { scripts } = JSON.parse(await readFile(join(folderOf(example), 'package.json'), 'utf8'))
    const [tsx, ...args] = scripts.start.split(' ')
    const command = [join(ROOT, 'node_modules/.bin', tsx), ...args]
    await running(example, command, /Listening/, (url) => receivesAndActs(url))
  })
})

describe('examples/next', () => {
  const next = join(folderOf('next'), 'node_modules/.bin/next')

  it('is built without an issuer, receives every billing event and acts on each once', async () => {
    await ensureBuilt('core')
    await ensureBuilt('next')
    expect(await nextBuild(folderOf('next'))).toContain('/api/webhooks/kinde')
    await running('next', [next, 'start'], /Ready/, (url) => receivesAndActs(url, '/api/webhooks/kinde'))
  })
})
