/**
 * The one table: what each code is answered with, and whether another attempt of the same bytes makes sense.
 * Kinde tries again after every answer but 200, so what could still succeed must never be a 200.
 */
const CODES = {
  // the application's side: the message names the setting and the mend
  invalid_configuration: { status: 500, retryable: false },
  body_already_parsed: { status: 500, retryable: false },
  schema_mismatch: { status: 500, retryable: false },
  // the request
  method_not_allowed: { status: 405, retryable: false },
  unsupported_media_type: { status: 415, retryable: false },
  payload_too_large: { status: 413, retryable: false },
  body_unreadable: { status: 400, retryable: true },
  request_timeout: { status: 408, retryable: true },
  // not authentic: one and the same answer for all
  malformed_token: { status: 401, retryable: false },
  unsupported_algorithm: { status: 401, retryable: false },
  unknown_key: { status: 401, retryable: false },
  invalid_signature: { status: 401, retryable: false },
  token_not_current: { status: 401, retryable: false },
  issuer_mismatch: { status: 401, retryable: false },
  not_a_webhook: { status: 401, retryable: false },
  // signed by Kinde, but not the shape of an event, or outside the window
  invalid_payload: { status: 400, retryable: false },
  timestamp_out_of_range: { status: 400, retryable: false },
  // signed, and not one of the eight: acknowledged
  unsupported_event: { status: 200, retryable: false },
  // not the sender's fault
  keys_unavailable: { status: 503, retryable: true },
  ledger_unavailable: { status: 503, retryable: true },
  delivery_in_progress: { status: 409, retryable: true },
  handler_failed: { status: 500, retryable: true },
  handler_timeout: { status: 503, retryable: true },
  internal_error: { status: 500, retryable: true },
} as const

/** Why a delivery was not handed over. Codes are stable: switch on them, not on messages. */
export type KindeWebhookErrorCode = keyof typeof CODES

/** What is wrong, and where in the token, the claims or the options. */
export interface KindeWebhookIssue {
  /** The members that lead to it, from the outside in. */
  readonly path: readonly (string | number)[]
  /** What must be there instead. Nothing from outside stands in it unescaped. */
  readonly message: string
}

/** What a {@link KindeWebhookError} carries beside its code and message. */
export interface KindeWebhookErrorDetails {
  /** What is wrong and where. Default: none. */
  readonly issues?: readonly KindeWebhookIssue[] | undefined
  /** How long to wait before another attempt, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** What it comes from. */
  readonly cause?: unknown
}

// Registered symbols are the same in an ESM and a CommonJS copy of the package, which classes are not.
const ERROR_BRAND = Symbol.for('kinde-billing.KindeWebhookError')

/**
 * The one error this package throws. Nothing of a token is in it: no token, no claim set, no full key id.
 *
 * @example
 * ```ts
 * import { createBillingVerifier, isKindeWebhookError } from '@kinde-billing/core'
 *
 * const verifier = createBillingVerifier({ issuer: 'https://acme.kinde.com' })
 *
 * async function accept(token: string) {
 *   try {
 *     return await verifier.verifyAndParse(token)
 *   } catch (error) {
 *     if (isKindeWebhookError(error) && error.retryable) return 'try again'
 *     throw error
 *   }
 * }
 * ```
 */
export class KindeWebhookError extends Error {
  /** What went wrong: stable, and meant for programs. */
  readonly code: KindeWebhookErrorCode
  /** The HTTP status a receiver answers with. */
  readonly status: number
  /** Whether another attempt of the same bytes makes sense. */
  readonly retryable: boolean
  /** What is wrong and where; empty where there is nothing to point at. */
  readonly issues: readonly KindeWebhookIssue[]
  /** How long to wait before another attempt, in milliseconds, where that is known. */
  readonly retryAfterMs: number | undefined

  constructor(code: KindeWebhookErrorCode, message: string, details: KindeWebhookErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'KindeWebhookError'
    this.code = code
    this.status = CODES[code].status
    this.retryable = CODES[code].retryable
    this.issues = details.issues ?? []
    this.retryAfterMs = details.retryAfterMs
    Object.defineProperty(this, ERROR_BRAND, { value: true })
  }
}

/**
 * A verified event whose type is not one of the eight: authentic, acknowledged with 200, and not judged any further.
 * Its code is `unsupported_event`.
 */
export class UnsupportedEventError extends KindeWebhookError {
  /** The type Kinde sent, such as `user.created`. */
  readonly type: string
  /** Kinde's `event_id`, where it is a usable string. */
  readonly id: string | undefined
  /** The whole verified payload. Not enumerable. */
  declare readonly claims: Record<string, unknown>

  constructor(message: string, event: { type: string; id: string | undefined; claims: Record<string, unknown> }) {
    super('unsupported_event', message)
    this.name = 'UnsupportedEventError'
    this.type = event.type
    this.id = event.id
    Object.defineProperty(this, 'claims', { value: event.claims })
  }
}

/**
 * Whether a value is a {@link KindeWebhookError}, of this copy of the package or of another (ESM beside CommonJS,
 * two versions): `instanceof` knows its own copy only.
 */
export function isKindeWebhookError(value: unknown): value is KindeWebhookError {
  return typeof value === 'object' && value !== null && ERROR_BRAND in value
}

/** {@link isKindeWebhookError} for the one error that carries an event of another type. */
export function isUnsupportedEventError(value: unknown): value is UnsupportedEventError {
  return isKindeWebhookError(value) && value.code === 'unsupported_event'
}

/** Whatever was thrown, as the one error: what nobody expected is a defect, and says so. */
export function asKindeWebhookError(error: unknown): KindeWebhookError {
  if (isKindeWebhookError(error)) return error
  return new KindeWebhookError(
    'internal_error',
    'Something failed that must not fail. This is a defect of @kinde-billing/core: please report it.',
    { cause: error },
  )
}
