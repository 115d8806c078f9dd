import { createBillingVerifier, isKindeWebhookError, KindeWebhookError, verifyAndParse } from '@kinde-billing/core'
import { createBillingReceiver, createWebHandler, DiscardEvent } from '@kinde-billing/core/receiver'
import { kindeBilling as forHono } from '@kinde-billing/hono'
import { kindeBilling as forNext } from '@kinde-billing/next'
import { applyBillingEvent, summarize } from '@kinde-billing/state'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { adversarialCorpus } from '@kinde-billing/testing/corpus'
import { Hono } from 'hono'

/** Passed to a runtime by the runner: an issuer on loopback, and one of its tokens. */
export interface SuiteInput {
  readonly issuer: string
  readonly token: string
}

export interface SuiteReport {
  readonly passed: number
  readonly failures: readonly string[]
}

type Check = (input: SuiteInput) => Promise<void>

const URL = 'https://app.example/webhooks/kinde'

/** Checks that hold in every runtime. Web standards only, so that they can be bundled for any of them. */
const CHECKS: Record<string, Check> = {
  async "verifies with keys fetched by the runtime's own fetch"({ issuer, token }) {
    const event = await verifyAndParse(token, { issuer })
    same(event.type, 'customer.plan_changed')
    same(event.occurredAt instanceof Date, true)
  },

  async 'fetches the keys once for many at a time'() {
    const { issuer, jwks, sign } = await createTestIssuer()
    const token = await sign(billingEventFixture('customer.payment_failed'))
    let fetches = 0
    const fetch = async (): Promise<Response> => {
      fetches += 1
      return Response.json(jwks)
    }
    const verifier = createBillingVerifier({ issuer, fetch })
    await Promise.all(Array.from({ length: 50 }, () => verifier.verifyAndParse(token)))
    same(fetches, 1)
  },

  async 'answers keys_unavailable where there is no issuer'() {
    const verifier = createBillingVerifier({ issuer: 'http://127.0.0.1:1', keys: { timeoutMs: 2000 } })
    const { sign } = await createTestIssuer()
    const result = await verifier.safeVerifyAndParse(await sign(billingEventFixture('customer.plan_assigned')))
    same(result.ok ? 'accepted' : result.error.code, 'keys_unavailable')
  },

  async 'gives the right result for every token of the adversarial corpus'() {
    const { issuer, now, jwks, cases } = await adversarialCorpus()
    const verifierFor = (keySet: typeof jwks) =>
      createBillingVerifier({ issuer, jwks: keySet, now: () => now, onWarning: () => {} })
    const common = verifierFor(jwks)
    const wrong: string[] = []
    for (const { name, token, expect, ...own } of cases) {
      const result = await (own.jwks === undefined ? common : verifierFor(own.jwks)).safeVerifyAndParse(token)
      const verdict = result.ok ? 'accept' : result.error.code
      if (verdict !== ('code' in expect ? expect.code : expect.verdict)) wrong.push(`${name}: ${verdict}`)
    }
    same(wrong.join('; '), '')
    same(cases.length > 200, true)
  },

  async 'handles a delivery once, and answers a duplicate'() {
    const { issuer, jwks, sign } = await createTestIssuer()
    const token = await sign(billingEventFixture('customer.payment_succeeded'))
    let runs = 0
    const handle = createWebHandler({ issuer, jwks, on: { 'customer.payment_succeeded': () => void runs++ } })
    same(await answerOf(handle(post(token))), '200 {"status":"processed"}')
    same(await answerOf(handle(post(token))), '200 {"status":"duplicate"}')
    same(runs, 1)
  },

  async 'reads a body that comes in pieces, and none beyond the limit'() {
    const { issuer, jwks, sign } = await createTestIssuer()
    const token = await sign(billingEventFixture('customer.invoice_overdue'))
    const handle = createWebHandler({ issuer, jwks, maxTokenBytes: 4096, onEvent: () => {}, onOutcome: () => {} })
    same(await answerOf(handle(post(streamOf(token, 100)))), '200 {"status":"processed"}')
    same(await answerOf(handle(post(streamOf('A'.repeat(8192), 512)))), '413 {"error":"payload_too_large"}')
    same(await answerOf(handle(post(null))), '401 {"error":"unauthorized"}')
  },

  async 'refuses other methods, forms and forgeries'() {
    const { issuer, jwks } = await createTestIssuer()
    const forged = await (await createTestIssuer()).sign(billingEventFixture('customer.plan_changed'))
    const handle = createWebHandler({ issuer, jwks, onEvent: () => {}, onOutcome: () => {} })
    same(await answerOf(handle(new Request(URL))), '405 {"error":"method_not_allowed"}')
    same(
      await answerOf(handle(post('a=b', 'application/x-www-form-urlencoded'))),
      '415 {"error":"unsupported_media_type"}',
    )
    same(await answerOf(handle(post(forged))), '401 {"error":"unauthorized"}')
  },

  async 'ends a handler that takes too long'() {
    const { issuer, jwks, sign } = await createTestIssuer()
    const token = await sign(billingEventFixture('customer.plan_changed'))
    let isAborted = false
    const handle = createWebHandler({
      issuer,
      jwks,
      handlerTimeoutMs: 50,
      onOutcome: () => {},
      onEvent: (_event, { signal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            isAborted = true
            resolve()
          })
        }),
    })
    same(await answerOf(handle(post(token))), '503 {"error":"handler_timeout"}')
    same(isAborted, true)
  },

  async 'acknowledges what is discarded, and what is of another type'() {
    const { issuer, jwks, sign } = await createTestIssuer()
    const handle = createWebHandler({
      issuer,
      jwks,
      onOutcome: () => {},
      onEvent: () => {
        throw new DiscardEvent('not for us')
      },
    })
    const fixture = billingEventFixture('customer.plan_changed')
    same(await answerOf(handle(post(await sign(fixture)))), '200 {"status":"discarded"}')
    same(await answerOf(handle(post(await sign({ ...fixture, type: 'user.created' })))), '200 {"status":"unsupported"}')
  },

  async 'knows its errors in both entry points'() {
    const { issuer, jwks } = await createTestIssuer()
    let seen: unknown
    const receiver = createBillingReceiver({
      issuer,
      jwks,
      on: {},
      onOutcome: ({ error }) => {
        seen = error
      },
    })
    await receiver.receive({ method: 'POST', header: () => undefined, body: () => 'no token', context: undefined })
    same(seen instanceof KindeWebhookError && isKindeWebhookError(seen), true)
  },

  async 'is a Hono handler and a Next route handler'() {
    const { issuer, jwks, sign } = await createTestIssuer()
    const options = { issuer, jwks, onEvent: () => {} }
    const app = new Hono().post('/webhooks/kinde', forHono(options))
    const route = forNext(options)
    const token = await sign(billingEventFixture('customer.agreement_created'))
    same(await answerOf(app.request(post(token))), '200 {"status":"processed"}')
    const request = post(token) as Parameters<typeof route>[0]
    same(await answerOf(route(request, { params: Promise.resolve({}) })), '200 {"status":"processed"}')
  },

  async 'keeps the state of a customer'() {
    const { issuer, jwks, sign } = await createTestIssuer()
    const verifier = createBillingVerifier({ issuer, jwks })
    const event = await verifier.verifyAndParse(await sign(billingEventFixture('customer.agreement_created')))
    const state = applyBillingEvent(undefined, event)
    same(JSON.stringify(applyBillingEvent(state, event)), JSON.stringify(state))
    same(summarize(state, { now: new Date() }).access, 'active')
  },
}

/** Runs every check, one after another, and never throws. */
export async function runSuite(input: SuiteInput): Promise<SuiteReport> {
  const failures: string[] = []
  for (const [name, check] of Object.entries(CHECKS)) {
    try {
      await check(input)
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { passed: Object.keys(CHECKS).length - failures.length, failures }
}

function same(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`)
}

function post(body: BodyInit | null, contentType = 'application/jwt'): Request {
  const init: RequestInit & { duplex: 'half' } = {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
    // Node sends a stream only so
    duplex: 'half',
  }
  return new Request(URL, init)
}

async function answerOf(response: Response | Promise<Response>): Promise<string> {
  const { status, text } = await Promise.resolve(response).then(async (one) => ({
    status: one.status,
    text: await one.text(),
  }))
  return `${status} ${text}`
}

function streamOf(text: string, pieceBytes: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  let sent = 0
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes.slice(sent, sent + pieceBytes))
      sent += pieceBytes
      if (sent >= bytes.length) controller.close()
    },
  })
}
