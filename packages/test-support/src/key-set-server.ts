import {
  type BillingVerifier,
  type BillingVerifierOptions,
  type BillingWarning,
  createBillingVerifier,
} from '@kinde-billing/core'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'
import { type KeySetResponder, startTestIssuer, type TestIssuerServer } from '@kinde-billing/testing/server'
import { afterEach, beforeEach, vi } from 'vitest'
import { deferred } from './deferred.js'

export const SECOND = 1000
export const MINUTE: number = 60 * SECOND
export const HOUR: number = 60 * MINUTE

/** An issuer whose keys the key set does not have. */
export const stranger: TestIssuer = await createTestIssuer()

/** A key set on loopback, and a clock. */
export interface KeySetServer {
  readonly issuer: TestIssuerServer
  /** The warnings of all verifiers. */
  readonly warnings: BillingWarning[]
  /** The time on the clock of the verifiers. Set it to move them. */
  now: number
  /** Creates a verifier that fetches the key set. */
  createVerifier(options?: Partial<BillingVerifierOptions>): BillingVerifier
  /** Signs an event of now. */
  sign(): Promise<string>
  /** Signs an event of now with a key that the key set does not have. */
  forge(kid?: string): Promise<string>
  /** The codes with which a verifier refuses tokens, or `ok`. */
  verify(verifier: BillingVerifier, ...tokens: string[]): Promise<string[]>
  /** The code with which a verifier refuses an event of now, or `ok`. */
  verifyGenuine(verifier: BillingVerifier): Promise<string | undefined>
  /** The code with which a verifier refuses a forged event of now. */
  verifyForged(verifier: BillingVerifier): Promise<string | undefined>
  /** Holds the next response of the key set back until `release`, which answers with the keys of the moment it was called. */
  holdResponse(): { readonly requested: Promise<void>; release(): void }
}

export async function startKeySetServer(): Promise<KeySetServer> {
  const issuer = await startTestIssuer()
  const warnings: BillingWarning[] = []
  const createClaims = () =>
    billingEventFixture('customer.payment_succeeded', { timestamp: new Date(server.now).toISOString() })
  const server: KeySetServer = {
    issuer,
    warnings,
    now: Date.now(),
    createVerifier: (options) =>
      createBillingVerifier({
        issuer: issuer.issuer,
        now: () => server.now,
        onWarning: (warning) => warnings.push(warning),
        ...options,
      }),
    sign: () => issuer.sign(createClaims()),
    forge: (kid = crypto.randomUUID()) => stranger.sign(createClaims(), { header: { kid } }),
    verify: (verifier, ...tokens) =>
      Promise.all(
        tokens.map(async (token) => {
          const result = await verifier.safeVerifyAndParse(token)
          return result.ok ? 'ok' : result.error.code
        }),
      ),
    verifyGenuine: async (verifier) => (await server.verify(verifier, await server.sign()))[0],
    verifyForged: async (verifier) => (await server.verify(verifier, await server.forge()))[0],
    holdResponse() {
      const requested = deferred()
      const keySet = JSON.stringify(issuer.jwks)
      let release = (): void => {}
      issuer.respondWith((_, response) => {
        release = () => void response.end(keySet)
        requested.resolve()
      })
      return { requested: requested.promise, release: () => release() }
    },
  }
  return server
}

/** Gives each test a key set of its own, and stops the timers: no time limit ends unless the test lets time pass. */
export function serveKeySetForEach(onStart: (server: KeySetServer) => unknown): void {
  let server: KeySetServer
  beforeEach(async () => {
    server = await startKeySetServer()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await onStart(server)
  })
  afterEach(async () => {
    vi.useRealTimers()
    await server.issuer.close()
  })
}

/** Answers the request for the key set with a JSON value. */
export const respondWithJson =
  (value: unknown): KeySetResponder =>
  (_, response) =>
    void response.end(JSON.stringify(value))

/** Answers the request for the key set with a status and an empty body. */
export const respondWithStatus =
  (status: number, headers: Record<string, string> = {}): KeySetResponder =>
  (_, response) =>
    void response.writeHead(status, headers).end()
