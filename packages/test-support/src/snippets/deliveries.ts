import { type BillingEventType, isBillingEventType } from '@kinde-billing/core'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'
import { startTestIssuer, type TestIssuerServer } from '@kinde-billing/testing/server'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { type ForwardProxy, startForwardProxy } from '../forward-proxy.js'
import { bundleSnippets } from './bundle.js'
import { findEndpoint } from './endpoint.js'
import { findSnippets, isImported, type Snippet } from './find.js'
import { loadSnippet } from './load.js'

const RECEIVES = /\b(?:kindeBilling|createWebHandler|createLazyWebHandler|createBillingReceiver)\(|function handle\(/
const STORES = /(?:from |require\()'(?:pg|redis|ioredis)'/

/** Finds the snippets that receive deliveries. Those with a test issuer are tests already. */
export function findReceivingSnippets({ withStore }: { withStore: boolean }): Snippet[] {
  return findSnippets().filter(
    (snippet) =>
      RECEIVES.test(snippet.text) &&
      !/(?:from |require\()'@kinde-billing\/testing/.test(snippet.text) &&
      STORES.test(readWithImports(snippet)) === withStore,
  )
}

/** Runs each snippet, and delivers to it an event, the same event again, a forgery and an event of another type. */
export function itReceives(snippets: readonly Snippet[]): void {
  let issuer: TestIssuerServer
  let forger: TestIssuer
  let proxy: ForwardProxy
  let bundle: Awaited<ReturnType<typeof bundleSnippets>>
  beforeAll(async () => {
    issuer = await startTestIssuer()
    forger = await createTestIssuer()
    proxy = await startForwardProxy()
    vi.stubEnv('KINDE_ISSUER_URL', issuer.issuer)
    // for snippets that also create a client of the Management API, which asks nothing here
    vi.stubEnv('KINDE_DOMAIN', issuer.issuer)
    vi.stubEnv('KINDE_MANAGEMENT_CLIENT_ID', 'client')
    vi.stubEnv('KINDE_MANAGEMENT_CLIENT_SECRET', 'secret')
    bundle = await bundleSnippets(snippets, (text) => adapt(text, issuer.issuer, proxy.url))
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    bundle.remove()
    await proxy.close()
    await issuer.close()
  })

  it.each(snippets.map((snippet) => [snippet.name, snippet] as const))(
    'handles an event once, refuses a forgery and acknowledges other types: %s',
    async (name, snippet) => {
      const { text } = snippet
      vi.stubGlobal('fetch', fetchOnLoopback)
      for (const method of ['log', 'warn', 'error'] as const) vi.spyOn(console, method).mockImplementation(() => {})
      const tunnels = proxy.targets.length
      const deliver = await findEndpoint(await loadSnippet(bundle.files.get(name) ?? ''), issuer.issuer)
      if (deliver === undefined) throw new Error('Nothing in this snippet can be delivered to.')

      const type = findHandledType(snippet)
      const claims = billingEventFixture(type)
      const user = { id: 'kp_2f6c1b7d9e8a4c3fb5d0a1e2c3f4a5b6', email: 'ada@example.com' }
      const other = { ...claims, event_id: `${claims.event_id}_other`, type: 'user.created', data: { user } }
      const token = await issuer.sign(claims)
      const responses = [
        await deliver(token),
        await deliver(token),
        await deliver(await forger.sign(billingEventFixture(type), { header: { kid: issuer.kid } })),
        await deliver(await issuer.sign(other)),
      ]
      expect(responses.map(({ status }) => status)).toEqual([200, 200, 401, 200])
      if (text.includes('proxy.example')) expect(proxy.targets.slice(tunnels)).toContain(new URL(issuer.issuer).host)
      // a snippet with the verifier alone has no bodies and no inbox
      if (responses[0]?.body === undefined) return
      expect(responses.map(({ body }) => body)).toEqual([
        { status: 'processed' },
        { status: 'duplicate' },
        { error: 'unauthorized' },
        { status: text.includes('onOtherEvent') ? 'processed' : 'unsupported' },
      ])
    },
  )
}

/** Replaces what cannot be real in a test: the Kinde domain, a proxy, the port of Redis, and a log on standard output. */
function adapt(text: string, issuer: string, proxyUrl: string): string {
  return text
    .replaceAll('https://acme.kinde.com', issuer)
    .replaceAll('http://proxy.example:3128', proxyUrl)
    .replaceAll('redis://127.0.0.1:6379', process.env.REDIS_URL ?? '')
    .replace('logger: true', "logger: { level: 'silent' }")
    .replace('pino()', "pino({ level: 'silent' })")
}

/** The first event type that the snippet, or one that it imports, has a handler for; any, if it handles all. */
function findHandledType(snippet: Snippet): BillingEventType {
  const types = [...readWithImports(snippet).matchAll(/'(customer\.\w+)'/g)].map(([, type]) => type)
  return types.find(isBillingEventType) ?? 'customer.payment_failed'
}

/** The text of a snippet and of those that it imports. */
function readWithImports({ file, text }: Snippet): string {
  const names = [...text.matchAll(/from '(\.\/[^']+)'/g)].map(([, name = '']) => name)
  const imported = names.flatMap((name) => findSnippets().filter((snippet) => isImported(snippet, name, file)))
  return [text, ...imported.map((snippet) => snippet.text)].join('\n')
}

const realFetch = fetch

/** Answers for the services that snippets call but that do not exist. */
const fetchOnLoopback: typeof fetch = async (input, init) => {
  const { hostname } = new URL(input instanceof Request ? input.url : input)
  if (['localhost', '127.0.0.1', '[::1]'].includes(hostname)) return realFetch(input, init)
  return new Response(null, { status: 204 })
}
