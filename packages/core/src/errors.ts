import type { OtherEvent } from './event-types.js'
import { safely } from './format.js'

/**
 * The HTTP status of each code, and whether the same bytes may succeed later. Kinde tries again after every response but
 * 200, so retryable failures must never be a 200.
 */
const CODES = {
  // Misconfiguration: the message names the setting and the fix.
  invalid_configuration: [500, false],
  body_already_parsed: [500, false],
  schema_mismatch: [500, false],
  // The request.
  method_not_allowed: [405, false],
  unsupported_media_type: [415, false],
  payload_too_large: [413, false],
  body_unreadable: [400, true],
  request_timeout: [408, true],
  // Not authentic: one and the same response for all.
  malformed_token: [401, false],
  unsupported_algorithm: [401, false],
  unknown_key: [401, false],
  invalid_signature: [401, false],
  token_not_current: [401, false],
  issuer_mismatch: [401, false],
  not_a_webhook: [401, false],
  // Signed by Kinde, but not an event, or outside the window.
  invalid_payload: [400, false],
  timestamp_out_of_range: [400, false],
  // Signed, but not a billing event: acknowledged.
  unsupported_event: [200, false],
  // Temporary: worth another attempt.
  receiver_overloaded: [503, true],
  keys_unavailable: [503, true],
  inbox_unavailable: [503, true],
  delivery_in_progress: [409, true],
  handler_failed: [500, true],
  handler_timeout: [503, true],
  internal_error: [500, true],
} as const

/** A stable error code. Switch on codes, not on messages. */
export type KindeWebhookErrorCode = keyof typeof CODES

/** A problem at one place in the token, the claims or the data. */
export interface KindeWebhookIssue {
  /** The path to the member, from the outside in. */
  readonly path: readonly (string | number)[]
  /** The expectation. Text from outside is escaped. */
  readonly message: string
}

/** The optional members of a {@link KindeWebhookError}. */
export interface KindeWebhookErrorDetails {
  /** The problems found. Default: none. */
  readonly issues?: readonly KindeWebhookIssue[] | undefined
  /** The time to wait before another attempt, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** The error behind this one. */
  readonly cause?: unknown
}

// A registered symbol is the same in an ESM and a CommonJS copy of the package. Classes are not.
const ERROR_BRAND = Symbol.for('kinde-billing.KindeWebhookError')

/**
 * The only error this package throws. It never holds a token, a claim set or a full key id.
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
  /** The stable code, meant for programs. */
  readonly code: KindeWebhookErrorCode
  /** The HTTP status of the response. */
  readonly status: number
  /** True if another attempt of the same bytes can succeed. */
  readonly retryable: boolean
  /** The problems found, with their paths. */
  readonly issues: readonly KindeWebhookIssue[]
  /** The time to wait before another attempt, in milliseconds, if it is known. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: KindeWebhookErrorCode,
    message: string,
    { issues = [], retryAfterMs, cause }: KindeWebhookErrorDetails = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'KindeWebhookError'
    this.code = code
    const [status, retryable] = CODES[code]
    this.status = status
    this.retryable = retryable
    this.issues = issues
    this.retryAfterMs = retryAfterMs
    Object.defineProperty(this, ERROR_BRAND, { value: true })
  }
}

/**
 * Thrown for a verified event that is not a billing event. Its code is `unsupported_event`, and the response is 200.
 * Nothing else about such an event can make it fail.
 */
export class UnsupportedEventError extends KindeWebhookError {
  /** Kinde's event type, such as `user.created`. */
  readonly type: string
  /** Kinde's `event_id`, if it is a usable string. */
  readonly id: string | undefined
  /** The event, if its envelope is complete and its `timestamp` is inside the window. Not enumerable. */
  declare readonly event: OtherEvent | undefined
  /** The whole verified payload. Not enumerable. */
  declare readonly claims: Record<string, unknown>

  constructor(
    message: string,
    details: Pick<UnsupportedEventError, 'type' | 'id' | 'claims'> & { event?: OtherEvent | undefined },
  ) {
    super('unsupported_event', message)
    this.name = 'UnsupportedEventError'
    this.type = details.type
    this.id = details.id
    Object.defineProperties(this, { event: { value: details.event }, claims: { value: details.claims } })
  }
}

/**
 * Checks for a {@link KindeWebhookError} of this or another copy of the package, such as ESM and CommonJS in one
 * process. `instanceof` recognizes its own copy only.
 *
 * @param value - Any thrown value.
 */
export function isKindeWebhookError(value: unknown): value is KindeWebhookError {
  return hasBrand(value, ERROR_BRAND)
}

/** Checks for a brand. A Proxy that throws at every touch has none. */
export function hasBrand(value: unknown, brand: symbol): boolean {
  return safely(() => typeof value === 'object' && value !== null && brand in value, false)
}

/** Checks for an {@link UnsupportedEventError} of this or another copy of the package. */
export function isUnsupportedEventError(value: unknown): value is UnsupportedEventError {
  return isKindeWebhookError(value) && value.code === 'unsupported_event'
}

/** Converts any thrown value; unknown ones become `internal_error`. */
export function toKindeWebhookError(error: unknown): KindeWebhookError {
  if (isKindeWebhookError(error)) return error
  return new KindeWebhookError('internal_error', 'Unexpected error in @kinde-billing/core. Please report it.', {
    cause: error,
  })
}
