import type { DeliveryBody } from '../body.js'
import { KindeWebhookError } from '../errors.js'
import { format } from '../format.js'
import type { BillingLog } from '../log.js'

/** A request, as an adapter passes it on. */
export interface DeliveryRequest<Context> {
  /** The HTTP method, in capitals. */
  readonly method: string
  /** Returns a header by its lower-case name. If it occurs more than once: all values, joined by `, `. */
  header(name: string): string | undefined
  /** Returns the unread body. `null`: empty. `undefined`: consumed, its bytes lost. Called at most once. */
  body(): DeliveryBody | Promise<DeliveryBody>
  /** The framework's own objects, for handlers. */
  readonly context: Context
  /** The way to keep the exact bytes of a body in this framework, for the message of `body_already_parsed`. */
  readonly rawBodyHint?: string | undefined
  /** The framework's log for this request, in place of the receiver's. */
  readonly log?: BillingLog | undefined
  /**
   * Returns how long the platform still lets the request run, in milliseconds, without the time that sending the response
   * takes. No step of the delivery takes longer. Default: no limit.
   */
  remainingMs?(): number
  /** Called with work that goes on behind the response, such as a timed-out handler or `onOutcome`, for platforms that stop then. */
  waitUntil?(work: Promise<unknown>): void
}

/** The platform's part of a request: its time limit, and work behind the response. */
export type Platform = Pick<DeliveryRequest<unknown>, 'remainingMs' | 'waitUntil'>

/** The exact response that an adapter sends. */
export interface DeliveryResponse {
  /** The HTTP status. */
  readonly status: number
  /** All headers, by lower-case name. */
  readonly headers: Record<string, string>
  /** JSON. */
  readonly body: string
}

/** One delivery, for `onOutcome`. */
export interface Delivery<Context> {
  /**
   * The `webhook-id` header: the same on every attempt. It is not signed, so use it in logs only. `undefined` if it is
   * absent, malformed or longer than 256 characters.
   */
  webhookId: string | undefined
  /** The time of arrival, by the receiver's clock. */
  receivedAt: Date
  /** The framework's own objects, such as `{ req, res }`. */
  context: Context
}

/** One delivery, for handlers. */
export interface HandlerDelivery<Context, Tx> extends Delivery<Context> {
  /** Aborted at `handlerTimeoutMs`, or if the inbox's lease is lost. Stop working then. */
  readonly signal: AbortSignal
  /** The inbox's transaction, or `undefined` if it has none. */
  tx: Tx
  /** Set if stored claims run again: by `redeliver`, and not by an attempt of Kinde's. */
  redelivery:
    | {
        /** The reason given when the redelivery was requested. */
        reason: string | undefined
      }
    | undefined
}

const FORM = /^\s*(?:application\/x-www-form-urlencoded|multipart\/)/i

/**
 * Checks method and media type, before a byte of the body is read. Forms are refused because browsers send them across
 * origins without asking, and encodings because a decoded body could have any size. Any other media type is accepted:
 * Kinde has changed its own before, and the signature decides.
 *
 * @throws KindeWebhookError `method_not_allowed`, `unsupported_media_type`
 */
export function assertAcceptable(request: DeliveryRequest<unknown>): void {
  if (request.method !== 'POST')
    throw new KindeWebhookError(
      'method_not_allowed',
      `Method ${format(request.method, 16)} is not allowed. Use POST, as Kinde does.`,
    )
  const type = request.header('content-type') ?? ''
  if (type.split(',').some((value) => FORM.test(value)))
    throw new KindeWebhookError(
      'unsupported_media_type',
      `Form submissions are not accepted (content-type: ${format(type)}). Kinde sends application/jwt.`,
    )
  const encoding = request.header('content-encoding') ?? ''
  if (encoding.split(',').some((value) => !['', 'identity'].includes(value.trim().toLowerCase())))
    throw new KindeWebhookError(
      'unsupported_media_type',
      `Encoded bodies are not accepted (content-encoding: ${format(encoding)}). Kinde sends none.`,
    )
}

/** Visible ASCII without a comma, which would be two values of the header joined. */
const WEBHOOK_ID = /^[\x21-\x2b\x2d-\x7e]{1,256}$/

export function readWebhookId(request: DeliveryRequest<unknown>): string | undefined {
  const id = request.header('webhook-id')
  return id !== undefined && WEBHOOK_ID.test(id) ? id : undefined
}
