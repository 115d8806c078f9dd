import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { isAnyArrayBuffer } from 'node:util/types'
import { type DataSchemas, KindeWebhookError, type NoSchemas } from '@kinde-billing/core'
import {
  type BillingReceiver,
  type BillingReceiverOptions,
  createBillingReceiver,
  type DeliveryBody,
  type OwnInbox,
  type ReceiverOptions,
} from '@kinde-billing/core/receiver'

/** The request and response of Node, for handlers. */
export interface KindeBillingContext {
  /** The request, as Node's server gives it. */
  req: IncomingMessage
  /** The response. The receiver writes it: do not write to it. */
  res: ServerResponse
}

/** The options of {@link kindeBilling}: those of the receiver. */
export type KindeBillingOptions<Tx = undefined, Schemas extends DataSchemas = NoSchemas> = BillingReceiverOptions<
  KindeBillingContext,
  Tx,
  Schemas
>

type NodeHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>

const RAW_BODY_HINT =
  'Mount this route before express.json() and other body parsers, exempt its path from them, or let express.raw({ type: () => true }) read it.'
/** The time for which the connection of a client that is still sending stays open, in milliseconds. */
const LINGER_MS = 1000

/**
 * Creates a handler of Kinde's billing webhooks for Node's http server. It is also a route handler of Express and Connect.
 *
 * @param options - The options of the receiver.
 * @returns The request handler.
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the fix
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
export function kindeBilling<Tx, const Schemas extends DataSchemas = NoSchemas>(
  options: ReceiverOptions<KindeBillingContext, Tx, Schemas> & OwnInbox<KindeBillingContext, Tx>,
): NodeHandler
// Without type parameters, because most applications see this one in their editor.
export function kindeBilling(options: KindeBillingOptions): NodeHandler
export function kindeBilling<Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: KindeBillingOptions<Tx, Schemas>,
): NodeHandler
export function kindeBilling(options: KindeBillingOptions): NodeHandler {
  const receiver = createBillingReceiver<KindeBillingContext>(options)
  return (req, res) => receiveNodeRequest(receiver, req, res, RAW_BODY_HINT)
}

/**
 * Passes Node's request to a receiver and sends the response, for adapters of frameworks on Node.
 *
 * @param receiver - The receiver.
 * @param req - Node's request.
 * @param res - Node's response.
 * @param rawBodyHint - The way to keep the exact bytes of a body in the framework.
 * @returns A promise that resolves when the response is written. It never rejects.
 */
export async function receiveNodeRequest(
  receiver: Pick<BillingReceiver<KindeBillingContext>, 'receive'>,
  req: IncomingMessage,
  res: ServerResponse,
  rawBodyHint: string,
): Promise<void> {
  assertNodeResponse(res)
  const { status, headers, body } = await receiver.receive({
    method: req.method ?? '',
    header: (name) => getNodeHeader(req, name),
    body: () => openNodeBody(req, [req]),
    context: { req, res },
    rawBodyHint,
  })
  // A handler has sent a response by itself.
  if (res.headersSent) return
  res.statusCode = status
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  if (req.complete !== false) return void res.end(body)
  // Closing a connection that still receives resets it, and the response is lost. So it is closed a little later.
  res.shouldKeepAlive = false
  res.setHeader('content-length', Buffer.byteLength(body))
  res.write(body)
  const linger = setTimeout(() => res.end(), LINGER_MS)
  res.once('close', () => clearTimeout(linger))
}

/** Nothing hinders JavaScript from mounting the handler in a framework that calls it with other values. */
function assertNodeResponse(res: { setHeader?: unknown } | undefined): void {
  if (typeof res?.setHeader === 'function') return
  throw new KindeWebhookError(
    'invalid_configuration',
    "The handler was not called with Node's request and response. In Koa pass ctx.req and ctx.res; where a request is the Web's, use createWebHandler of @kinde-billing/core/receiver.",
  )
}

/**
 * Reads a header of Node's request, for adapters of frameworks on Node.
 *
 * @param req - Node's request.
 * @param name - The header's name, in lower case.
 * @returns All its values, joined. `req.headers` keeps only the first of some, and is all there is in HTTP/2.
 */
export function getNodeHeader(req: IncomingMessage, name: string): string | undefined {
  return (req.headersDistinct?.[name] ?? req.headers[name])?.toString()
}

/**
 * Opens the body of Node's request, for adapters of frameworks on Node.
 *
 * @param stream - The request, or the stream that a framework passes on in its place.
 * @param requests - The objects on which a parser or platform may have kept the bytes, as `rawBody` or `body`.
 * @returns The exact bytes, the unread stream, or `undefined` if the bytes are lost.
 */
export function openNodeBody(
  stream: Readable & { headers?: IncomingMessage['headers'] },
  requests: readonly object[],
): DeliveryBody | Promise<DeliveryBody> {
  // A parser that was not waited for is still collecting the bytes.
  const isBeingRead = stream.readableFlowing && !stream.readableEnded
  return isBeingRead ? finished(stream).then(() => findBody(stream, requests)) : findBody(stream, requests)
}

function findBody(
  stream: Readable & { headers?: IncomingMessage['headers'] },
  requests: readonly object[],
): DeliveryBody {
  const rawBody = requests.map((request) => toBytes(Reflect.get(request, 'rawBody'))).find(isExact)
  if (rawBody !== undefined) return rawBody
  // Express 4 sets an empty `req.body` on an unread stream, so the stream comes first.
  if (!stream.readableDidRead) return stream.iterator({ destroyOnReturn: false })
  return requests
    .map((request) => toBytes(Reflect.get(request, 'body')))
    .filter(isExact)
    .find((body) => isComplete(body, stream.headers))
}

/** A platform may keep the bytes as a bare ArrayBuffer, of any realm. Everything else stays as it is. */
function toBytes(kept: unknown): unknown {
  return isAnyArrayBuffer(kept) ? new Uint8Array(kept) : kept
}

function isExact(body: unknown): body is string | Uint8Array {
  return typeof body === 'string' || ArrayBuffer.isView(body)
}

/**
 * Text that a JSON parser took out of its quotes is not what was sent. Any other text is, if its length is right, or was
 * not sent: a token is ASCII, and the signature decides.
 */
function isComplete(body: string | Uint8Array, headers: IncomingMessage['headers'] = {}): boolean {
  if (typeof body !== 'string') return true
  const { 'content-length': length, 'content-type': type = '' } = headers
  return length === undefined ? !/json/i.test(type) : Buffer.byteLength(body) === Number(length)
}
