import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DataSchemas, NoSchemas } from '@kinde-billing/core'
import { type BillingReceiverOptions, createBillingReceiver, type DeliveryBody } from '@kinde-billing/core/receiver'

/** What handlers get of Node: the request and the response. */
export interface KindeBillingContext {
  req: IncomingMessage
  res: ServerResponse
}

/** The options of {@link kindeBilling}: those of the receiver. */
export type KindeBillingOptions<Scope = undefined, Schemas extends DataSchemas = NoSchemas> = BillingReceiverOptions<
  KindeBillingContext,
  Scope,
  Schemas
>

const RAW_BODY_MEND =
  'Mount this route before express.json() and other body parsers, exempt its path from them, or keep the bytes as req.rawBody in the verify option of express.json().'

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
export function kindeBilling<Scope = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: KindeBillingOptions<Scope, Schemas>,
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const receiver = createBillingReceiver<KindeBillingContext, Scope, Schemas>(options)
  return async (req, res) => {
    const { status, headers, body } = await receiver.receive({
      method: req.method ?? '',
      header: (name) => headerOf(req, name),
      body: () => bodyOf(req),
      context: { req, res },
      rawBodyMend: RAW_BODY_MEND,
    })
    // a client that is still sending gets its answer, and no further request on this connection
    if (!req.complete) res.shouldKeepAlive = false
    res.writeHead(status, headers).end(body)
  }
}

/** Every value of a header, as the Web's `Headers` joins them; Node's own `headers` keeps the first of some. HTTP/2 has no other. */
function headerOf({ headersDistinct, headers }: IncomingMessage, name: string): string | undefined {
  const values = headersDistinct?.[name] ?? headers[name]
  return Array.isArray(values) ? values.join(', ') : values
}

/** The exact bytes, from where they are: a parser may have kept them, or not have touched the stream at all. */
function bodyOf(req: IncomingMessage & { rawBody?: unknown; body?: unknown }): DeliveryBody {
  if (isExact(req.rawBody)) return req.rawBody
  // Express 4 sets an empty `req.body` on a stream that nobody has read
  if (!req.readableDidRead) return req.iterator({ destroyOnReturn: false })
  // a string that a JSON parser made has lost its quotes: it is not what was sent
  const isParsed = typeof req.body === 'string' && /json/i.test(req.headers['content-type'] ?? '')
  return isExact(req.body) && !isParsed ? req.body : undefined
}

function isExact(body: unknown): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array
}
