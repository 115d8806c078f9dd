import { createBillingVerifier } from '@kinde-billing/core'
import { createBillingReceiver } from '@kinde-billing/core/receiver'
import { kindeBilling } from '@kinde-billing/hono'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'
import { type Context, type Handler, Hono } from 'hono'
import { listenRaw } from './adapters.js'
import { addedUs, type Contestant, measure } from './measure.js'
import { serve } from './routes.js'
import { figure, table } from './table.js'

/**
 * Measures what each trick of the code saves, against the plain way to do the same. The figures stand in the comments of the
 * tricks. `node --conditions=@kinde-billing/source --import tsx packages/benchmarks/src/tricks.ts`
 */
interface Trick {
  readonly name: string
  readonly file: string
  readonly plain: Contestant['run']
  readonly trick: Contestant['run']
}

const issuer = await createTestIssuer()
const tokens = await signTokens(issuer, 64)
const handlers: Handler[] = [kindeBilling(options()), throughWebStream()]
const [adapter, plainAdapter] = await Promise.all(
  handlers.map((handler) => listenRaw(serve(new Hono().post('/', handler).fetch))),
)
const tricks: Trick[] = [
  await headerMemo(),
  { name: 'the signal is created when it is read', file: 'core/src/receiver/run-once.ts', ...lazySignal() },
  { name: 'one iterator for all evictions', file: 'core/src/receiver/memory-inbox.ts', ...eviction() },
  {
    name: "Node's stream below Hono's request",
    file: 'hono/src/index.ts',
    plain: (index) => plainAdapter?.post('/', tokens[index % tokens.length] ?? ''),
    trick: (index) => adapter?.post('/', tokens[index % tokens.length] ?? ''),
  },
]

const rows: string[][] = []
for (const { name, file, plain, trick } of tricks) {
  const contestants = [
    { name: 'plain', run: plain },
    { name: 'trick', run: trick },
  ]
  const [slow, fast] = await measure(contestants, { inFlight: 1, rounds: 41, sliceMs: 20 })
  if (slow === undefined || fast === undefined) continue
  rows.push([name, file, figure(slow.medianUs, 2), figure(fast.medianUs, 2), figure(addedUs(slow, fast), 2)])
}
console.log(table(['trick', 'file', 'plain, µs', 'trick, µs', 'saved, µs'], rows))
process.exit(0)

function signTokens({ sign }: TestIssuer, count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => sign(billingEventFixture('customer.plan_changed'))))
}

/** Tokens of two keys in turn have another header each time. The signature is left out: it takes longer than all the rest. */
async function headerMemo(): Promise<Trick> {
  const other = await createTestIssuer({ issuer: issuer.issuer })
  const others = await signTokens(other, tokens.length)
  const jwks = { keys: [...issuer.jwks.keys, ...other.jwks.keys] }
  const verifier = createBillingVerifier({ issuer: issuer.issuer, jwks })
  const verify = (list: readonly string[], index: number) =>
    verifier.safeVerifyAndParse(list[index % list.length] ?? '')
  return {
    name: 'the header of the token before',
    file: 'core/src/token.ts',
    plain: (index) => verify(index % 2 === 0 ? tokens : others, index),
    trick: (index) => verify(tokens, index),
  }
}

function lazySignal(): Pick<Trick, 'plain' | 'trick'> {
  const create = (): AbortSignal => new AbortController().signal
  return {
    plain: () => ({ signal: create() }),
    trick: () => ({
      get signal() {
        return create()
      },
    }),
  }
}

function eviction(): Pick<Trick, 'plain' | 'trick'> {
  const fill = () => new Map(Array.from({ length: 100_000 }, (_, index) => [`key ${index}`, index]))
  const [plain, trick] = [fill(), fill()]
  const oldestFirst = trick.keys()
  const evict = (map: Map<string, number>, iterator: Iterator<string>, index: number): void => {
    map.set(`another ${index}`, index)
    map.delete(iterator.next().value ?? '')
  }
  return {
    plain: (index) => evict(plain, plain.keys(), index),
    trick: (index) => evict(trick, oldestFirst, index),
  }
}

function options() {
  return { issuer: issuer.issuer, jwks: issuer.jwks, inbox: false, on: { 'customer.plan_changed': () => {} } } as const
}

/** The adapter without the trick: it passes the Web stream on. */
function throughWebStream(): (c: Context) => Promise<Response> {
  const receiver = createBillingReceiver<Context>(options())
  return async (c) => {
    const { status, headers, body } = await receiver.receive({
      method: c.req.method,
      header: (name) => c.req.raw.headers.get(name) ?? undefined,
      body: () => c.req.raw.body,
      context: c,
    })
    return new Response(body, { status, headers })
  }
}
