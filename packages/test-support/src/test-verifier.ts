import {
  type BillingVerifier,
  type BillingVerifierOptions,
  createBillingVerifier,
  isKindeWebhookError,
  type KindeWebhookError,
} from '@kinde-billing/core'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'

/** The issuer of every {@link createTestVerifier}. */
export const issuer: TestIssuer = await createTestIssuer({ issuer: 'https://acme.kinde.com' })

/** An issuer that they do not know. */
export const stranger: TestIssuer = await createTestIssuer()

/** The time on their clock. */
export const NOW: number = Date.parse('2026-05-01T07:41:45.592Z')

export const createTestVerifier = (options: Partial<BillingVerifierOptions> = {}): BillingVerifier =>
  createBillingVerifier({ issuer: issuer.issuer, jwks: issuer.jwks, now: () => NOW, ...options })

/** The claims of an event that happened now. */
export const createClaims = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...billingEventFixture('customer.plan_changed', { timestamp: new Date(NOW).toISOString() }),
  ...overrides,
})

/** Signs the claims of an event that happened now. */
export const signClaims = (overrides: Record<string, unknown> = {}): Promise<string> =>
  issuer.sign(createClaims(overrides))

/** The code of the error, or `ok`. */
export async function codeOf(
  token: string | Uint8Array,
  options: Partial<BillingVerifierOptions> = {},
): Promise<string> {
  const result = await createTestVerifier(options).safeVerifyAndParse(token)
  return result.ok ? 'ok' : result.error.code
}

/** The error of a token that must be refused. */
export function errorOf(
  token: string | Uint8Array,
  options: Partial<BillingVerifierOptions> = {},
): Promise<KindeWebhookError> {
  return rejectionOf(createTestVerifier(options).verifyAndParse(token))
}

/** The KindeWebhookError with which a promise must reject. */
export async function rejectionOf(promise: Promise<unknown>): Promise<KindeWebhookError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isKindeWebhookError(error)) throw new Error('expected a KindeWebhookError', { cause: error })
  return error
}
