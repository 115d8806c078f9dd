/**
 * The one table: what each code is answered with, and whether another attempt of the same bytes makes sense.
 * Kinde tries again after every answer but 200, so what could still succeed must never be a 200.
 */
const CODES = {
  // the application's side: the message names the setting and the mend
  invalid_configuration: [500, false],
  body_already_parsed: [500, false],
  schema_mismatch: [500, false],
  // the request
  method_not_allowed: [405, false],
  unsupported_media_type: [415, false],
  payload_too_large: [413, false],
  body_unreadable: [400, true],
  request_timeout: [408, true],
  // not authentic: one and the same answer for all
  malformed_token: [401, false],
  unsupported_algorithm: [401, false],
  unknown_key: [401, false],
  invalid_signature: [401, false],
  token_not_current: [401, false],
  issuer_mismatch: [401, false],
  not_a_webhook: [401, false],
  // signed by Kinde, but not the shape of an event, or outside the window
  invalid_payload: [400, false],
  timestamp_out_of_range: [400, false],
  // signed, and not one of the eight: acknowledged
  unsupported_event: [200, false],
  // not the sender's fault
  keys_unavailable: [503, true],
  inbox_unavailable: [503, true],
  delivery_in_progress: [409, true],
  handler_failed: [500, true],
  handler_timeout: [503, true],
  internal_error: [500, true],
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
    const [status, retryable] = CODES[code]
    this.status = status
    this.retryable = retryable
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
