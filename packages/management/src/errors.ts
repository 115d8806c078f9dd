import { hasBrand } from '@kinde-billing/core/internal'

/** Why a call of the management client failed. Codes are stable: switch on them, not on messages. */
export type KindeManagementErrorCode =
  | 'unauthorized'
  | 'missing_scope'
  | 'rate_limited'
  | 'not_found'
  | 'invalid_request'
  | 'unavailable'
  | 'invalid_response'
  | 'invalid_configuration'

/** `true` if another attempt of the same call can succeed without a change of settings. */
const RETRYABLE: Readonly<Record<KindeManagementErrorCode, boolean>> = {
  unauthorized: false,
  missing_scope: false,
  rate_limited: true,
  not_found: false,
  invalid_request: false,
  unavailable: true,
  invalid_response: false,
  invalid_configuration: false,
}

/** Details of a {@link KindeManagementError} besides its code and message. */
export interface KindeManagementErrorDetails {
  /** The HTTP status of Kinde's answer. */
  readonly status?: number | undefined
  /** The scope that the machine-to-machine application lacks. */
  readonly scope?: string | undefined
  /** How long Kinde asked to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** The underlying error, without secrets. */
  readonly cause?: unknown
}

// A registered symbol is the same in an ESM and a CommonJS copy of the package; the class is not.
const ERROR_BRAND = Symbol.for('kinde-billing.KindeManagementError')

/**
 * The error of the management client. It contains no secret and no token.
 *
 * | code | meaning |
 * | --- | --- |
 * | `unauthorized` | Kinde refused the client credentials, or a fresh token |
 * | `missing_scope` | the machine-to-machine application lacks `scope` |
 * | `rate_limited` | Kinde asked to wait longer than `maxWaitMs` |
 * | `not_found` | Kinde does not know the id |
 * | `invalid_request` | Kinde refused the request; the message quotes its reason |
 * | `unavailable` | Kinde failed or could not be reached |
 * | `invalid_response` | Kinde's answer could not be read |
 * | `invalid_configuration` | a setting is missing or wrong; the message names it and the fix |
 *
 * @example
 * ```ts
 * import { createManagementClient, isKindeManagementError } from '@kinde-billing/management'
 *
 * try {
 *   await createManagementClient().webhooks.list()
 * } catch (error) {
 *   if (isKindeManagementError(error) && error.code === 'missing_scope') console.error('Add the scope', error.scope)
 *   else throw error
 * }
 * ```
 */
export class KindeManagementError extends Error {
  /** Why the call failed. */
  readonly code: KindeManagementErrorCode
  /** The HTTP status of Kinde's answer, if there was one. */
  readonly status: number | undefined
  /** The scope that is missing, for `missing_scope`. */
  readonly scope: string | undefined
  /** `true` if a later attempt can succeed without a change of settings. */
  readonly retryable: boolean
  /** How long to wait before another attempt, in milliseconds, if Kinde said so. */
  readonly retryAfterMs: number | undefined

  constructor(code: KindeManagementErrorCode, message: string, details: KindeManagementErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'KindeManagementError'
    this.code = code
    this.status = details.status
    this.scope = details.scope
    this.retryable = RETRYABLE[code]
    this.retryAfterMs = details.retryAfterMs
    Object.defineProperty(this, ERROR_BRAND, { value: true })
  }
}

/**
 * Recognizes a {@link KindeManagementError} of this or another copy of the package.
 *
 * @param value Any value, such as a caught error.
 * @returns `true` for a management error.
 */
export function isKindeManagementError(value: unknown): value is KindeManagementError {
  return hasBrand(value, ERROR_BRAND)
}
