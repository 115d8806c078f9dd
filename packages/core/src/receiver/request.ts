import type { DeliveryBody } from '../body.js'
import { KindeWebhookError } from '../errors.js'
import { quote } from '../quote.js'

/** A request, as an adapter hands it over. */
export interface DeliveryRequest<Context> {
  /** The HTTP method, in capitals. */
  readonly method: string
  /** A header's value by its lower-case name; where it stands more than once, all values joined by `, `. */
  header(name: string): string | undefined
  /** The body as it comes: `null` where there is none, `undefined` where its bytes are consumed and lost. Called at most once. */
  body(): DeliveryBody | Promise<DeliveryBody>
  /** What handlers get of the framework. */
  readonly context: Context
  /** How to keep the exact bytes of a body in this framework: the mend that `body_already_parsed` names. */
  readonly rawBodyHint?: string | undefined
}

/** What an adapter answers with, to the letter. */
export interface DeliveryResponse {
  /** The HTTP status. */
  readonly status: number
  /** All headers, by lower-case name. */
  readonly headers: Record<string, string>
  /** JSON. */
  readonly body: string
}

/** One delivery, as hooks see it. */
export interface Delivery<Context> {
  /**
   * The `webhook-id` header: the same on every attempt. It is not signed, so it is for logs, never for deciding;
   * `undefined` where it is absent, odd or longer than 256 characters.
   */
  webhookId: string | undefined
  /** When it arrived, by the receiver's clock. */
  receivedAt: Date
  /** What the adapter gives of the framework, such as `{ req, res }`. */
  context: Context
}

/** One delivery, as handlers see it. */
export interface HandlerDelivery<Context, Tx> extends Delivery<Context> {
  /** Aborted at `handlerTimeoutMs`, or where the inbox's lease is lost: stop working then. */
  signal: AbortSignal
  /** What the inbox lends for the time of the work, such as the transaction's client. */
  tx: Tx
}

const FORM = /^\s*(?:application\/x-www-form-urlencoded|multipart\/)/i

/**
 * Method and media type, before a byte of the body is read. Forms are refused since browsers send them across origins
 * without asking, and encodings since a decoded body could be any size. Any other media type passes: Kinde has changed
 * its own before, and the signature decides.
 *
 * @throws KindeWebhookError `method_not_allowed`, `unsupported_media_type`
 */
export function judgeRequest(request: DeliveryRequest<unknown>): void {
  if (request.method !== 'POST')
    throw new KindeWebhookError(
      'method_not_allowed',
      `Kinde posts its webhooks; this was ${quote(request.method, 16)}.`,
    )
  const type = request.header('content-type') ?? ''
  if (type.split(',').some((one) => FORM.test(one)))
    throw new KindeWebhookError(
      'unsupported_media_type',
      `A form is no webhook: the media type is ${quote(type)}. Kinde sends application/jwt.`,
    )
  const encoding = request.header('content-encoding') ?? ''
  if (encoding.split(',').some((one) => !['', 'identity'].includes(one.trim().toLowerCase())))
    throw new KindeWebhookError(
      'unsupported_media_type',
      `The body is encoded (content-encoding: ${quote(encoding)}). Kinde sends it plain.`,
    )
}

/** Visible ASCII without a comma, which would be two values of the header joined. */
const WEBHOOK_ID = /^[\x21-\x2b\x2d-\x7e]{1,256}$/

export function readWebhookId(request: DeliveryRequest<unknown>): string | undefined {
  const id = request.header('webhook-id')
  return id !== undefined && WEBHOOK_ID.test(id) ? id : undefined
}
