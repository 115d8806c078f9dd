import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream/promises'
import type { DataSchemas, NoSchemas } from '@kinde-billing/core'
import { type BillingReceiverOptions, createBillingReceiver, type DeliveryBody } from '@kinde-billing/core/receiver'

/** What handlers get of Node: the request and the response. */
export interface KindeBillingContext {
  /** The request, as Node's server gives it. */
  req: IncomingMessage
  /** The response, which the receiver answers: do not write to it. */
  res: ServerResponse
}

/** The options of {@link kindeBilling}: those of the receiver. */
export type KindeBillingOptions<Tx = undefined, Schemas extends DataSchemas = NoSchemas> = BillingReceiverOptions<
  KindeBillingContext,
  Tx,
  Schemas
>

const RAW_BODY_HINT =
  'Mount this route before express.json() and other body parsers, exempt its path from them, or let express.raw({ type: () => true }) read it.'
/** How long a client that is still sending may take to read its answer, in milliseconds. */
const LINGER_MS = 1000

/**
 * Receives Kinde's billing webhooks on Node's own http server, and as a route of Express and Connect.
 *
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the mend
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { kindeBilling } from '@kinde-billing/node'
 *
 * const server = createServer(
 *   kindeBilling({
 *     issuer: 'https://acme.kinde.com',
 *     on: { 'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id) },
 *   }),
 * )
 * ```
 */
export function kindeBilling<Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: KindeBillingOptions<Tx, Schemas>,
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const receiver = createBillingReceiver<KindeBillingContext, Tx, Schemas>(options)
  return async (req, res) => {
    const { status, headers, body } = await receiver.receive({
      method: req.method ?? '',
      // every value: `headers` keeps the first of some, and is all there is in HTTP/2
      header: (name) => (req.headersDistinct?.[name] ?? req.headers[name])?.toString(),
      body: () => bodyOf(req),
      context: { req, res },
      rawBodyHint: RAW_BODY_HINT,
    })
    // a handler has answered by itself: its answer is out
    if (res.headersSent) return
    res.statusCode = status
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
    if (req.complete !== false) return void res.end(body)
    // to close a connection that still receives resets it, and the answer is lost on its way: so it is closed a little later
    res.shouldKeepAlive = false
    res.setHeader('content-length', Buffer.byteLength(body))
    res.write(body)
    const linger = setTimeout(() => res.end(), LINGER_MS)
    res.once('close', () => clearTimeout(linger))
  }
}

function bodyOf(req: IncomingMessage): DeliveryBody | Promise<DeliveryBody> {
  // somebody is collecting the bytes at this moment, and did not wait for their end
  return req.readableFlowing && !req.readableEnded ? finished(req).then(() => bytesOf(req)) : bytesOf(req)
}

/** The exact bytes, from where they are: a parser may have kept them, or not have touched the stream at all. */
function bytesOf(req: IncomingMessage & { rawBody?: unknown; body?: unknown }): DeliveryBody {
  if (isExact(req.rawBody)) return req.rawBody
  // Express 4 sets an empty `req.body` on a stream that nobody has read
  if (!req.readableDidRead) return req.iterator({ destroyOnReturn: false })
  return isExact(req.body) && isWhole(req.body, req.headers['content-length']) ? req.body : undefined
}

function isExact(body: unknown): body is string | Uint8Array {
  return typeof body === 'string' || ArrayBuffer.isView(body)
}

/** Text that a JSON parser has taken out of its quotes, or a decoder has changed, is not as long as what was sent. */
function isWhole(body: string | Uint8Array, lengthSent: string | undefined): boolean {
  return typeof body !== 'string' || Buffer.byteLength(body) === Number(lengthSent)
}
