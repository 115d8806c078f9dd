import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'
import type { DataSchemas, NoSchemas } from '@kinde-billing/core'
import { type BillingReceiverOptions, createBillingReceiver, type DeliveryBody } from '@kinde-billing/core/receiver'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** What handlers get of Fastify: the request and the reply. */
export interface KindeBillingContext {
  /** Fastify's request. */
  request: FastifyRequest
  /** Fastify's reply, which the receiver sends: do not send it. */
  reply: FastifyReply
}

/** The options of {@link kindeBilling}: those of the receiver, and where Kinde posts to, such as `/webhooks/kinde`. */
export type KindeBillingOptions<Tx = undefined, Schemas extends DataSchemas = NoSchemas> = BillingReceiverOptions<
  KindeBillingContext,
  Tx,
  Schemas
> & {
  /** The route's path. */
  path: string
}

const RAW_BODY_HINT =
  'Let no hook and no plugin consume the body of this route, or keep its bytes as request.rawBody (fastify-raw-body).'
const LINGER_MS = 1000

/**
 * A Fastify plugin that receives Kinde's billing webhooks: encapsulated, with a content type parser of its own, so that the
 * application's other routes and parsers are untouched.
 *
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the mend; TypeError for a missing path
 *
 * @example
 * ```ts
 * import { kindeBilling } from '@kinde-billing/fastify'
 * import Fastify from 'fastify'
 *
 * const app = Fastify()
 * app.register(
 *   kindeBilling({
 *     path: '/webhooks/kinde',
 *     issuer: 'https://acme.kinde.com',
 *     on: { 'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id) },
 *   }),
 * )
 * ```
 */
export function kindeBilling<Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: KindeBillingOptions<Tx, Schemas>,
): (app: FastifyInstance) => Promise<void> {
  if (typeof options?.path !== 'string') return misused(options)
  const { path, ...receiverOptions } = options
  const receiver = createBillingReceiver<KindeBillingContext, Tx, Schemas>(receiverOptions)
  const deliver = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { status, headers, body } = await receiver.receive({
      method: request.method,
      // every value: `headers` keeps the first of some, and is all there is in HTTP/2
      header: (name) => (request.raw.headersDistinct?.[name] ?? request.raw.headers[name])?.toString(),
      body: () => bodyOf(request),
      context: { request, reply },
      rawBodyHint: RAW_BODY_HINT,
    })
    // a handler has answered by itself
    if (reply.sent || reply.raw.headersSent) return reply
    // bytes: Fastify adds a charset to text
    const bytes = Buffer.from(body)
    reply.code(status).headers(headers)
    if (request.raw.complete !== false) return reply.send(bytes)
    reply.raw.shouldKeepAlive = false
    return reply.header('content-length', bytes.byteLength).send(Readable.from(lingering(bytes)))
  }
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    app.all(path, deliver)
    // Fastify refuses a media type that it cannot read before the route, though the signature decides
    app.setErrorHandler((error: FastifyError, request, reply) => {
      if (error.code !== 'FST_ERR_CTP_INVALID_MEDIA_TYPE') throw error
      return deliver(request, reply)
    })
  }
}

function misused(options: object | undefined): never {
  const mend = "Write app.register(kindeBilling({ path: '/webhooks/kinde', ... })): with a path, and called."
  // Fastify, which has called this as a plugin, takes a rejection; a throw would end the process
  if (options instanceof Object && 'register' in options) return Promise.reject(new TypeError(mend)) as never
  throw new TypeError(mend)
}

/** To close a connection that still receives resets it, and the answer is lost: so the answer to a sender ends later. */
async function* lingering(answer: Buffer): AsyncGenerator<Buffer> {
  yield answer
  await setTimeout(LINGER_MS)
}

function bodyOf(request: FastifyRequest): DeliveryBody | Promise<DeliveryBody> {
  const stream = request.body instanceof Readable ? request.body : request.raw
  // a plugin is collecting the bytes at this moment
  const isTaken = stream.readableFlowing && !stream.readableEnded
  return isTaken ? finished(stream).then(() => bytesOf(request, stream)) : bytesOf(request, stream)
}

/** The bytes that a plugin has kept, or the stream as this plugin's parser was given it. */
function bytesOf({ rawBody }: FastifyRequest & { rawBody?: string | Uint8Array }, stream: Readable): DeliveryBody {
  if (typeof rawBody === 'string' || ArrayBuffer.isView(rawBody)) return rawBody
  return stream.readableDidRead ? undefined : stream.iterator({ destroyOnReturn: false })
}
