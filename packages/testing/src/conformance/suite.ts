import { type BillingEventOverrides, billingEventFixture } from '../fixtures.js'
import { createTestIssuer, type TestIssuer } from '../issuer.js'
import type { AdapterUnderTest, ConformanceOptions, StartServer } from './adapter.js'
import { type Endpoint, type Overheard, openEndpoint } from './endpoint.js'
import { type DeclareTest, declareTests } from './platform-answers.js'

/** A genuine delivery. */
export interface GenuineDelivery {
  readonly id: string
  readonly token: string
}

/** Shared by all groups of the suite, and usable once the suite has begun. */
export interface Suite {
  readonly issuer: TestIssuer
  /** An endpoint with a limit of {@link LIMIT_BYTES}, and otherwise the defaults. */
  readonly endpoint: Endpoint
  /** The same, with a quarter of a second for a body, and for a handler. */
  readonly impatient: Endpoint
  /** Limits of the platform: tests of what it answers by itself are not declared. */
  readonly platform: Pick<AdapterUnderTest, 'buffersBodies'>
  /** Declares a test whose request the platform may answer. */
  readonly it: DeclareTest
  /** Everything that the hooks were called with so far. */
  readonly overheard: Overheard
  /** The genuine tokens so far. */
  readonly tokens: readonly string[]
  /** Opens a further endpoint, which is closed at the end. */
  open(options: ConformanceOptions, start?: StartServer): Promise<Endpoint>
  /** A new genuine delivery. */
  event(overrides?: BillingEventOverrides): Promise<GenuineDelivery>
}

/** Small, so that what is larger need not be large. */
export const LIMIT_BYTES = 65_536
const IMPATIENCE_MS = 250

/** The suite, and how it begins and ends. */
export interface RunningSuite extends Suite {
  /** The titles of the platform's answers that no test has. */
  readonly unusedAnswers: ReadonlySet<string>
  begin(): Promise<void>
  end(): Promise<void>
}

export function createSuite(adapter: AdapterUnderTest): RunningSuite {
  const { it, unused } = declareTests(adapter.platformAnswers)
  const overheard: Overheard = []
  const tokens: string[] = []
  const endpoints: Endpoint[] = []
  let shared: { issuer: TestIssuer; endpoint: Endpoint; impatient: Endpoint } | undefined
  const begun = (): NonNullable<typeof shared> => {
    if (shared === undefined) throw new Error('The suite has not begun.')
    return shared
  }
  const openFor = async (issuer: TestIssuer, options: ConformanceOptions, start: StartServer): Promise<Endpoint> => {
    const trust = { issuer: issuer.issuer, jwks: issuer.jwks, maxTokenBytes: LIMIT_BYTES }
    const endpoint = await openEndpoint(start, overheard, { ...trust, ...options })
    endpoints.push(endpoint)
    return endpoint
  }
  return {
    get issuer() {
      return begun().issuer
    },
    get endpoint() {
      return begun().endpoint
    },
    get impatient() {
      return begun().impatient
    },
    platform: adapter,
    it,
    unusedAnswers: unused,
    overheard,
    tokens,
    open: (options, start = adapter.start) => openFor(begun().issuer, options, start),
    async event(overrides = {}) {
      const claims = billingEventFixture('customer.payment_failed', overrides)
      const token = await begun().issuer.sign(claims)
      tokens.push(token)
      return { id: claims.event_id, token }
    },
    async begin() {
      const issuer = await createTestIssuer()
      const [endpoint, impatient] = await Promise.all([
        openFor(issuer, {}, adapter.start),
        openFor(issuer, { bodyTimeoutMs: IMPATIENCE_MS, handlerTimeoutMs: IMPATIENCE_MS }, adapter.start),
      ])
      shared = { issuer, endpoint, impatient }
    },
    async end() {
      await Promise.all(endpoints.map((endpoint) => endpoint.close()))
    },
  }
}
