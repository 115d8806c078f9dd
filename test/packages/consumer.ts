/** What the empty projects run and compile: every package, as an application uses it. */
export const CONSUMER: string = `
import { createServer } from 'node:http'
import { type BillingEvent, isKindeWebhookError, KindeWebhookError, verifyAndParse } from '@kinde-billing/core'
import { createConsole } from '@kinde-billing/console'
import { createBillingReceiver, createMemoryInbox, createWebHandler, DiscardEvent } from '@kinde-billing/core/receiver'
import { kindeBilling as forFastify } from '@kinde-billing/fastify'
import { kindeBilling as forHono } from '@kinde-billing/hono'
import { kindeBilling as forLambda } from '@kinde-billing/lambda'
import { createManagementClient } from '@kinde-billing/management'
import { KindeBillingModule } from '@kinde-billing/nest'
import { kindeBilling as forNode } from '@kinde-billing/node'
import { createDurableObjectInbox, KindeBillingInbox } from '@kinde-billing/cloudflare'
import { createPostgresInbox } from '@kinde-billing/postgres'
import { createRedisInbox } from '@kinde-billing/redis'
import { applyBillingEvent, customerKey, summarize } from '@kinde-billing/state'
import { billingEventFixture, deliver } from '@kinde-billing/testing'
import { adversarialCorpus } from '@kinde-billing/testing/corpus'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { simulateDeliveries } from '@kinde-billing/testing/simulator'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { Pool } from 'pg'
import { createClient } from 'redis'

function planOf(event: BillingEvent): string | undefined {
  return event.type === 'customer.plan_changed' ? event.plan.code : undefined
}

async function main(): Promise<void> {
  const issuer = await startTestIssuer()
  const token = await issuer.sign(billingEventFixture('customer.plan_changed', { data: { plan_code: 'pro' } }))
  const event = await verifyAndParse(token, { issuer: issuer.issuer })
  if (planOf(event) !== 'pro') throw new Error('the plan is another')

  // both entry points share the error's class, and whatever else is one in a process
  const options = { issuer: issuer.issuer, jwks: issuer.jwks }
  let error: unknown
  const receiver = createBillingReceiver({ ...options, on: {}, onOutcome: (outcome) => { error = outcome.error } })
  await receiver.receive({ method: 'POST', header: () => undefined, body: () => 'forged', context: undefined })
  if (!(error instanceof KindeWebhookError && isKindeWebhookError(error))) throw new Error('two copies of core')

  const server = createServer(forNode({ ...options, name: 'app', inbox: createMemoryInbox(), onEvent: () => {} }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const { status } = await deliver('http://127.0.0.1:' + port, token)
  if (status !== 200) throw new Error('answered ' + status)
  server.close()

  const app = new Hono().post('/hook', forHono({ ...options, on: { 'customer.plan_changed': (e) => void e.plan.code } }))
  const answer = await app.request('/hook', { method: 'POST', body: token })
  if (answer.status !== 200) throw new Error('Hono answered ' + answer.status)

  const fastify = Fastify().register(forFastify({ ...options, path: '/hook', onEvent: (e) => void e.id }))
  // not inject(), whose own dependency cannot be required without require(esm)
  const fastifyUrl = await fastify.listen({ host: '127.0.0.1', port: 0 })
  const delivered = await deliver(fastifyUrl + '/hook', token)
  if (delivered.status !== 200) throw new Error('Fastify answered ' + delivered.status)
  await fastify.close()

  const lambda = forLambda({ ...options, onEvent: () => {} })
  const result = await lambda({ httpMethod: 'POST', headers: {}, body: token, isBase64Encoded: false })
  if (result.statusCode !== 200) throw new Error('Lambda answered ' + result.statusCode)

  const nest = KindeBillingModule.forRoot({ ...options, path: '/hook', onEvent: (e) => void e.id })
  if (nest.module !== KindeBillingModule) throw new Error('no module')

  const web = createWebHandler({ ...options, onEvent: () => { throw new DiscardEvent('not for us') } })
  const discarded = await web(new Request('http://app.example/', { method: 'POST', body: token }))
  if ((await discarded.text()) !== '{"status":"discarded"}') throw new Error('not discarded')

  const object = new KindeBillingInbox({ storage: storageOf(new Map()) })
  const namespace = { getByName: () => ({ fetch: (url: string, init: RequestInit) => object.fetch(new Request(url, init)) }) }
  const worker = createWebHandler({ ...options, name: 'app', inbox: () => createDurableObjectInbox({ namespace }), onEvent: () => {} })
  const stored = await worker(new Request('http://app.example/', { method: 'POST', body: token }))
  if (stored.status !== 200) throw new Error('the Durable Object inbox answered ' + stored.status)

  const { access } = summarize(applyBillingEvent(undefined, event), { now: new Date() })
  const { cases } = await adversarialCorpus()
  console.log('works', access, customerKey(event) !== undefined, cases.length > 200, typeof simulateDeliveries)
  await issuer.close()
}

function storageOf(values: Map<string, unknown>) {
  return {
    async get<Value>(key: string) {
      return values.get(key) as Value | undefined
    },
    put: async (key: string, value: unknown) => void values.set(key, value),
    deleteAll: async () => values.clear(),
    setAlarm: async () => {},
    deleteAlarm: async () => {},
  }
}

// for the compiler only: these need servers
export function withStores(): unknown[] {
  const client = createClient()
  const pool = new Pool()
  return [
    createManagementClient({ domain: 'https://acme.kinde.com', clientId: 'id', clientSecret: 'secret' }).event('event_1'),
    createConsole({ pool, authorize: async () => ({ name: 'ada' }) }),
    forNode({ name: 'app', inbox: createRedisInbox({ client }) }),
    forNode({
      name: 'app',
      inbox: createPostgresInbox({ pool }),
      on: { 'customer.plan_assigned': async (_event, { tx }) => { await tx.query('select 1') } },
    }),
  ]
}

main().catch((error) => { console.error(error); process.exitCode = 1 })
`

/** Next's own types bring thousands of files along: compiled apart. */
export const NEXT_CONSUMER: string = `
import { kindeBilling } from '@kinde-billing/next'

export const POST = kindeBilling({
  issuer: 'https://acme.kinde.com',
  on: { 'customer.payment_failed': (event, { context }) => void [event.customer.id, context.request.nextUrl.pathname] },
})
`

/** Two mistakes that the types find. */
export const MISTAKES: string = `
import { kindeBilling } from '@kinde-billing/node'
import { createBillingReceiver } from '@kinde-billing/core/receiver'

kindeBilling({ on: { 'customer.plan_chnaged': () => {} } })
createBillingReceiver({ onEvent: (event) => { event.nonexistent } })
`
