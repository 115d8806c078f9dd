import type { KindeWebhookError } from '../errors.js'
import { reasonOf } from '../quote.js'
import { mayWrite } from '../warnings.js'
import type { DeliveryOutcome } from './options.js'
import type { DeliveryResponse } from './request.js'

/** What an answer depends on. */
export type Verdict =
  | { readonly outcome: 'processed' | 'duplicate' | 'ignored' | 'discarded'; readonly error?: undefined }
  | { readonly outcome: 'unsupported'; readonly error: KindeWebhookError }
  | { readonly outcome?: undefined; readonly error: KindeWebhookError }

const DEFAULT_RETRY_AFTER_MS = 5000
const RETRY_AFTER_CODES = new Set<string>(['keys_unavailable', 'inbox_unavailable', 'delivery_in_progress'])

/**
 * The answer. Success is exactly 200, since Kinde tries again after anything else. Nothing of the delivery is in it, and all
 * that is not authentic gets one and the same answer, so that nothing tells an unknown key from a bad signature.
 */
export function answer(verdict: Verdict): DeliveryResponse {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (verdict.outcome !== undefined) return { status: 200, headers, body: JSON.stringify({ status: verdict.outcome }) }
  const { code, status, retryAfterMs = DEFAULT_RETRY_AFTER_MS } = verdict.error
  if (code === 'method_not_allowed') headers['allow'] = 'POST'
  if (RETRY_AFTER_CODES.has(code)) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
  return { status, headers, body: JSON.stringify({ error: status === 401 ? 'unauthorized' : code }) }
}

/** The first minute must not be silent, and a flood must not fill the disk: one line a minute and code. */
export function logFailure({ outcome, status, error, discarded }: Omit<DeliveryOutcome, 'event'>): void {
  const failure = discarded ?? (outcome === 'unsupported' ? undefined : error)
  if (failure === undefined || !mayWrite(outcome)) return
  const reason = failure.cause === undefined ? '' : ` Cause: ${reasonOf(failure.cause, 300)}`
  const issues = error?.issues.map(({ path, message }) => ` ${path.join('.')} ${message}.`).join('') ?? ''
  console.error(`[kinde-billing] ${outcome} (${status}): ${reasonOf(failure, 600)}${issues}${reason}`)
}
