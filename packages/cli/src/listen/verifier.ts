import { createBillingReceiver, type DeliveryOutcome } from '@kinde-billing/core/receiver'
import type { CapturedRequest } from '../verify/raw-http.js'
import type { Verdict } from './delivery.js'
import { readUnverifiedClaims } from './unverified.js'

/** Decides about a request. */
export type DeliveryVerifier = (request: CapturedRequest) => Promise<Verdict>

/** Results of one request. */
interface Exchange {
  claims: Verdict['claims']
  outcome: DeliveryOutcome | undefined
}

/**
 * Creates a verifier that answers as a receiver does.
 *
 * @throws KindeWebhookError `invalid_configuration` for a bad issuer
 */
export function createDeliveryVerifier(issuer: string): DeliveryVerifier {
  const receiver = createBillingReceiver<Exchange>({
    issuer,
    // every attempt is shown, so nothing is a duplicate
    inbox: false,
    log: false,
    onEvent: ({ claims }, { context }) => {
      context.claims = claims
    },
    onOtherEvent: ({ claims }, { context }) => {
      context.claims = claims
    },
    onOutcome: (outcome, { context }) => {
      context.outcome = outcome
    },
  })
  return async ({ method, headers, body }) => {
    const exchange: Exchange = { claims: undefined, outcome: undefined }
    const response = await receiver.receive({
      method,
      header: (name) => headers[name],
      body: () => body,
      context: exchange,
    })
    const { claims, outcome } = exchange
    return {
      ...response,
      outcome: outcome?.outcome ?? 'internal_error',
      isVerified: claims !== undefined,
      claims,
      problem: response.status === 200 ? undefined : outcome?.error?.message,
    }
  }
}

/** Creates a verifier that accepts anything shaped like a token, without checking its signature. */
export function createUnverifiedReader(): DeliveryVerifier {
  return async ({ method, body }) => {
    if (method !== 'POST') return refuse(405, 'method_not_allowed', `Method ${method} is not allowed; use POST.`)
    const claims = readUnverifiedClaims(body)
    if (claims === undefined)
      return refuse(401, 'malformed_token', 'The body is not a token: three parts separated by dots.')
    return { ...toAnswer(200, 'processed'), isVerified: false, claims, problem: undefined }
  }
}

function toAnswer(status: number, outcome: string): Pick<Verdict, 'status' | 'headers' | 'body' | 'outcome'> {
  const body = status === 200 ? { status: outcome } : { error: status === 401 ? 'unauthorized' : outcome }
  const headers = { 'content-type': 'application/json', ...(status === 405 ? { allow: 'POST' } : {}) }
  return { status, outcome, headers, body: JSON.stringify(body) }
}

/** Makes the verdict about a request that is not a delivery. */
export function refuse(status: number, outcome: string, problem: string): Verdict {
  return { ...toAnswer(status, outcome), isVerified: false, claims: undefined, problem }
}
