import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { DataSchemas, NoSchemas } from '@kinde-billing/core'
import { type BillingReceiverOptions, createBillingReceiver, type DeliveryBody } from '@kinde-billing/core/receiver'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** What handlers get of Fastify: the request and the reply. */
export interface KindeBillingContext {
  request: FastifyRequest
  reply: FastifyReply
}

/** The options of {@link kindeBilling}: those of the receiver, and the route's path. */
export type KindeBillingOptions<Scope = undefined, Schemas extends DataSchemas = NoSchemas> = BillingReceiverOptions<
  KindeBillingContext,
  Scope,
  Schemas
> & {
  /** Where Kinde posts to, such as `/webhooks/kinde`. */
  path: string
}

const RAW_BODY_MEND =
  'Let no preParsing hook and no plugin of the application consume the body of this route, or keep its bytes as request.rawBody (fastify-raw-body).'

/**
 * A Fastify plugin that receives Kinde's billing webhooks: encapsulated, with a content type parser of its own, so that the
 * application's other routes and parsers are untouched.
 *
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the mend
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
export function kindeBilling<Scope = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: KindeBillingOptions<Scope, Schemas>,
): (app: FastifyInstance) => Promise<void> {
  if (typeof options === 'object' && 'register' in options)
    throw new TypeError(
      'kindeBilling was registered without being called: write app.register(kindeBilling({ path, ... })) instead of app.register(kindeBilling, { path, ... }).',
    )
  const receiver = createBillingReceiver<KindeBillingContext, Scope, Schemas>(options)
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    app.all(options.path, async (request, reply) => {
      const { status, headers, body } = await receiver.receive({
        method: request.method,
        header: (name) => headerOf(request.raw, name),
        body: () => bodyOf(request),
        context: { request, reply },
        rawBodyMend: RAW_BODY_MEND,
      })
      // a client that is still sending gets its answer, and no further request on this connection
      if (!request.raw.complete) reply.raw.shouldKeepAlive = false
      return reply.code(status).headers(headers).send(body)
    })
  }
}

/** Every value of a header, as the Web's `Headers` joins them; Node's own `headers` keeps the first of some. HTTP/2 has no other. */
function headerOf({ headersDistinct, headers }: IncomingMessage, name: string): string | undefined {
  const values = headersDistinct?.[name] ?? headers[name]
  return Array.isArray(values) ? values.join(', ') : values
}

/** The stream as this plugin's parser was given it, or the bytes that a plugin has kept of it. */
function bodyOf(request: FastifyRequest & { rawBody?: unknown }): DeliveryBody {
  const { rawBody, body, raw } = request
  if (typeof rawBody === 'string' || rawBody instanceof Uint8Array) return rawBody
  const stream = body instanceof Readable ? body : raw
  return stream.readableDidRead ? undefined : stream.iterator({ destroyOnReturn: false })
}
