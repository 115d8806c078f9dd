import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, vi } from 'vitest'

/** A function with options. */
interface OptionsRow {
  /** Options that are accepted. */
  readonly options: object
  /** The arguments. Default: the options alone. */
  readonly args?: (options: unknown) => unknown[]
  /** The options may be left out. */
  readonly isOptional?: true
  /** Options whose value is the application's own: any is accepted. */
  readonly anything?: readonly string[]
}

/** For the project's own packages and tests. */
const INTERNAL = ['./internal', './inbox-contract/attempts']

const REACHED = new Error('The options were accepted, and this is what they lead to')
const reach = (): never => {
  throw REACHED
}
const pool = { connect: () => Promise.reject(REACHED) }
const client = { customers: reach, customerOf: reach, agreements: reach }
const store = { load: reach, save: reach }
const verifier = { issuer: 'https://acme.kinde.com', fetch: () => Promise.reject(REACHED) }
const receiver = { ...verifier, onEvent: () => {} }
const state = { version: 2, customer: {}, lists: [] }
const summary = { agreements: [], usage: [] }
const clock = { now: () => 0, advanceTo: () => {} }
const afterPool = (options: unknown): unknown[] => [pool, options]

const WITH_OPTIONS: { readonly [name: string]: OptionsRow } = {
  'cloudflare createDurableObjectInbox': { options: { namespace: { getByName: reach } } },
  'console createConsole': { options: { pool, authorize: () => true } },
  'core createBillingVerifier': { options: verifier },
  'core verifyAndParse': { options: verifier, args: (options) => ['token', options] },
  'core/receiver createBillingReceiver': { options: receiver },
  'core/receiver createMemoryInbox': { options: {}, isOptional: true },
  'core/receiver createWebHandler': { options: receiver },
  'fastify kindeBilling': { options: { ...receiver, path: '/webhooks/kinde' } },
  'hono kindeBilling': { options: receiver },
  'lambda kindeBilling': { options: receiver },
  'management createManagementClient': {
    options: { domain: 'https://acme.kinde.com', clientId: 'id', clientSecret: 'secret' },
  },
  'management syncAll': { options: { client, store } },
  'management syncCustomer': { options: { client, store, customerId: 'customer_0195' } },
  'node kindeBilling': { options: receiver },
  'postgres actionSchemaSql': { options: {}, isOptional: true },
  'postgres countCustomerStates': { options: {}, args: afterPool, isOptional: true },
  'postgres createActionLog': { options: { pool } },
  'postgres createHealthHandler': { options: { pool } },
  'postgres createPostgresInbox': { options: { pool } },
  'postgres createPostgresStateStore': { options: {}, isOptional: true },
  'postgres ensureSchema': { options: {}, args: afterPool, isOptional: true },
  'postgres ensureStateSchema': { options: {}, args: afterPool, isOptional: true },
  'postgres eraseClaims': { options: { customer: 'customer_0195' }, args: afterPool },
  'postgres inboxHealth': { options: {}, args: afterPool, isOptional: true },
  'postgres listCustomerStates': { options: {}, args: afterPool, isOptional: true },
  'postgres listDeliveries': { options: {}, args: afterPool, isOptional: true },
  'postgres readDelivery': { options: {}, args: (options) => [pool, 'event_0195', options], isOptional: true },
  'postgres redeliver': {
    options: {},
    args: (options) => [pool, { name: 'billing', redeliver: reach }, options],
    isOptional: true,
  },
  'postgres requestRedelivery': {
    options: { reason: 'fixed' },
    args: (options) => [pool, { eventIds: ['event_0195'] }, options],
  },
  'postgres schemaSql': { options: {}, isOptional: true },
  'postgres stateSchemaSql': { options: {}, isOptional: true },
  'postgres sweepDeliveries': { options: {}, args: afterPool, isOptional: true },
  'redis createRedisInbox': { options: { client: { eval: reach } } },
  'state createBillingStateHandler': { options: { store } },
  'state definePlans': { options: {}, args: (options) => [{ pro: {} }, options], isOptional: true },
  'state explain': { options: { now: 0 }, args: (options) => [state, options] },
  'state summarize': { options: { now: 0 }, args: (options) => [state, options] },
  'state updateBillingState': {
    options: { store, key: 'org:org_5e8c', cause: 'sync' },
    args: (options) => [options, reach],
    anything: ['tx'],
  },
  'testing billingEventFixture': {
    options: {},
    args: (options) => ['customer.plan_changed', {}, options],
    isOptional: true,
  },
  'testing createTestIssuer': { options: {}, isOptional: true },
  'testing deliver': { options: {}, args: (options) => ['http://127.0.0.1:9999/', 'token', options], isOptional: true },
  'testing/corpus adversarialCorpus': { options: {}, isOptional: true },
  'testing/management startTestManagementApi': { options: {}, isOptional: true },
  'testing/server startTestIssuer': { options: {}, isOptional: true },
  'testing/simulator simulateDeliveries': {
    options: { issuer: { sign: reach }, clock, events: [], endpoints: {} },
  },
}

/** Functions of data. They are called with the value in the place of each parameter. */
const OF_DATA: { readonly [name: string]: readonly unknown[] } = {
  'core assertNever': [{}],
  'core decodeBillingEvent': [{}],
  'core isBillingEventType': ['type'],
  'core isKindeWebhookError': [{}],
  'management describeCoverage': [[]],
  'management generateTypes': [[]],
  'management isKindeManagementError': [{}],
  'postgres readChangeMark': [pool],
  'state applyBillingEvent': [undefined, {}],
  'state applySnapshot': [undefined, {}],
  'state customerKey': [{}],
  'state diffSummaries': [summary, summary],
  'state mergeStates': [state, state],
  'testing/simulator isDelivered': [200],
}

/** Handlers that validate their options at the first request. */
const LAZY = ['core/receiver createLazyWebHandler', 'next kindeBilling']

/** Nest's options are validated when the application starts, by its own tests; the others are parts for adapters and test suites. */
const ELSEWHERE = [
  'nest KindeBillingModule',
  'nest KindeBillingReceiver',
  'nest OnBillingEvent',
  'nest OnOtherEvent',
  'nest kindeBilling',
  'node getNodeHeader',
  'node openNodeBody',
  'node receiveNodeRequest',
  'testing/conformance describeAdapter',
  'testing/conformance listen',
  'testing/inbox-contract describeInbox',
  'testing/simulator createSimulatedClock',
  'testing/simulator deliverOnSchedule',
]

/** Classes that applications throw, extend or deploy. */
const CLASSES = [
  'cloudflare KindeBillingInbox',
  'core KindeWebhookError',
  'core UnsupportedEventError',
  'core/receiver DiscardEvent',
  'core/receiver HandlerFault',
  'management KindeManagementError',
]

/** Values in the place of options. */
const NOT_OPTIONS: readonly (readonly [name: string, value: () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['a string', () => 'https://acme.kinde.com'],
  ['a number', () => 42],
  ['an array', () => [{}]],
  ['a function', () => () => ({})],
  ['a Map', () => new Map([['issuer', 'https://acme.kinde.com']])],
  ['a Promise', () => Promise.resolve({})],
  ['a Promise of another realm', () => runInNewContext('Promise.resolve({})')],
  ['a Date', () => new Date(0)],
  ['the result of another factory', () => ({ verifyAndParse() {}, safeVerifyAndParse() {}, verifyRequest() {} })],
]

/** Values in the place of one option, of which none but the first fits nowhere. */
const WRONG = [Symbol('odd'), -1, Number.NaN, '', 'odd\n', true, null, [], {}, new Date(Number.NaN), reach]

const ENGINE_MESSAGE = /Cannot |is not (?:a function|iterable|a constructor)|undefined \(reading|\[object /

type AnyFunction = (...args: unknown[]) => unknown

const functions = await findFunctions()

/** The outcome of a call: an error, or `undefined` if the arguments were accepted. */
async function call(run: AnyFunction, args: readonly unknown[]): Promise<unknown> {
  try {
    const result = await run(...args)
    if (typeof result === 'object' && result !== null && 'close' in result && typeof result.close === 'function')
      await result.close()
    return undefined
  } catch (error) {
    return isReached(error) ? undefined : error
  }
}

function isReached(error: unknown): boolean {
  if (error === REACHED) return true
  if (!(error instanceof Error)) return false
  return ['malformed_token', 'ECONNREFUSED'].includes(Object(error).code) || isReached(error.cause)
}

function getFunction(name: string): AnyFunction {
  const found = functions.get(name)
  if (found === undefined) throw new Error(`${name} is not exported any more: remove it from the tables`)
  return found
}

async function findFunctions(): Promise<Map<string, AnyFunction>> {
  const found = new Map<string, AnyFunction>()
  const packages = new URL('../packages/', import.meta.url)
  for (const name of readdirSync(packages).sort()) {
    const manifest = new URL(`${name}/package.json`, packages)
    if (!existsSync(manifest)) continue
    const { private: isPrivate, exports = {} } = JSON.parse(readFileSync(manifest, 'utf8'))
    if (isPrivate === true) continue
    for (const [entry, target] of Object.entries(exports)) {
      const source: unknown = Object(target)['@kinde-billing/source']
      if (typeof source !== 'string' || INTERNAL.includes(entry)) continue
      for (const [member, value] of Object.entries(await import(new URL(source, manifest).href)))
        if (typeof value === 'function') found.set(`${name}${entry.slice(1)} ${member}`, value as AnyFunction)
    }
  }
  return found
}

describe.each(Object.entries(WITH_OPTIONS))(
  '%s',
  (name, { options, args = (value) => [value], isOptional, anything = [] }) => {
    const run = getFunction(name)
    const refuse = (value: unknown): Promise<unknown> => call(run, args(value))

    it('accepts the options that the others are made of', async () => {
      expect(await refuse(options)).toBeUndefined()
    })

    it.each(isOptional ? NOT_OPTIONS.slice(1) : NOT_OPTIONS)(
      'refuses %s in the place of options',
      async (_, create) => {
        const error = await refuse(create())
        expect(error).toMatchObject({ code: 'invalid_configuration' })
        expect(error).not.toMatchObject({ message: expect.stringMatching(ENGINE_MESSAGE) })
      },
    )

    it('refuses options that it does not know, and says which it knows', async () => {
      const error = await refuse({ ...options, nonsense: 1 })
      expect(error).toMatchObject({
        code: 'invalid_configuration',
        message: expect.stringMatching(/has no option "nonsense".* The options are /),
      })
    })

    it('refuses a wrong value of each option by its name, or accepts it', async () => {
      const { message } = Object(await refuse({ ...options, nonsense: 1 }))
      const known = /The options are (.+)\.$/.exec(message)?.[1]?.split(', ') ?? []
      expect(known).not.toEqual([])
      for (const option of known) {
        const errors = []
        for (const value of WRONG) errors.push(await refuse({ ...options, [option]: value }))
        if (!anything.includes(option)) expect(errors[0], `${option}: a symbol`).toBeDefined()
        for (const error of errors.filter((candidate) => candidate !== undefined)) {
          expect(error, option).toMatchObject({
            code: 'invalid_configuration',
            message: expect.stringMatching(new RegExp(`\\b${option}\\b`)),
          })
          expect(error, option).not.toMatchObject({ message: expect.stringMatching(ENGINE_MESSAGE) })
        }
      }
    })
  },
)

describe.each(LAZY)('%s', (name) => {
  it.each(NOT_OPTIONS)('answers 500 with %s in the place of options, and logs the fix', async (_, create) => {
    const log = vi.spyOn(console, 'error').mockReturnValue(undefined)
    const handle = getFunction(name)(create())
    const request = new Request('https://app.example/webhooks/kinde', { method: 'POST', body: 'token' })
    const response = typeof handle === 'function' ? await handle(request, { params: Promise.resolve({}) }) : undefined
    const [[line] = []] = log.mock.calls
    log.mockRestore()
    expect(response).toMatchObject({ status: 500 })
    expect(line).toMatch(/^\[kinde-billing\] invalid_configuration \(500\): .*(?:pass|set|The options are) /i)
    expect(line).not.toMatch(ENGINE_MESSAGE)
  })
})

describe.each(Object.entries(OF_DATA))('%s', (name, args) => {
  it.each(args.map((_, index) => index))('says what is wrong with parameter %i', async (index) => {
    for (const [, create] of NOT_OPTIONS)
      expect(await call(getFunction(name), args.with(index, create()))).not.toMatchObject({
        message: expect.stringMatching(ENGINE_MESSAGE),
      })
  })
})

it('knows every function that can be imported', () => {
  const known = [...Object.keys(WITH_OPTIONS), ...Object.keys(OF_DATA), ...LAZY, ...ELSEWHERE, ...CLASSES]
  expect(known.sort()).toEqual([...functions.keys()].sort())
})
