import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { type DataSchemas, KindeWebhookError, type NoSchemas } from '@kinde-billing/core'
import {
  type BillingLog,
  type BillingLogDetails,
  type BillingReceiverOptions,
  createBillingReceiver,
  type OwnInbox,
  type ReceiverOptions,
} from '@kinde-billing/core/receiver'
import { getNodeHeader, openNodeBody } from '@kinde-billing/node'
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** The request and reply of Fastify, for handlers. */
export interface KindeBillingContext {
  /** Fastify's request. */
  request: FastifyRequest
  /** Fastify's reply. The receiver sends it: do not send it. */
  reply: FastifyReply
}

/** The options of {@link kindeBilling}: those of the receiver, and the path that Kinde posts to. */
export type KindeBillingOptions<Tx = undefined, Schemas extends DataSchemas = NoSchemas> = BillingReceiverOptions<
  KindeBillingContext,
  Tx,
  Schemas
> &
  Route

interface Route {
  /** The path of the route, such as `/webhooks/kinde`. */
  path: string
}

type KindeBillingPlugin = (app: FastifyInstance) => Promise<void>

const RAW_BODY_HINT =
  'Let no hook or plugin consume the body of this route, or keep its bytes as request.rawBody (fastify-raw-body).'
/** The time for which the connection of a client that is still sending stays open, in milliseconds. */
const LINGER_MS = 1000

/**
 * Creates a Fastify plugin that receives Kinde's billing webhooks. It is encapsulated and has its own content type parser,
 * so your other routes and parsers are not affected. It logs to Fastify's log, or
 * to the console if Fastify has no logger.
 *
 * @param options - The options of the receiver, and `path`.
 * @returns The plugin to register.
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the fix
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
export function kindeBilling<Tx, const Schemas extends DataSchemas = NoSchemas>(
  options: ReceiverOptions<KindeBillingContext, Tx, Schemas> & OwnInbox<KindeBillingContext, Tx> & Route,
): KindeBillingPlugin
// Without type parameters, because most applications see this one in their editor.
export function kindeBilling(options: KindeBillingOptions): KindeBillingPlugin
export function kindeBilling<Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: KindeBillingOptions<Tx, Schemas>,
): KindeBillingPlugin
export function kindeBilling(options: KindeBillingOptions): KindeBillingPlugin {
  if (typeof options?.path !== 'string') return refuseMisuse(options)
  const { path, ...receiverOptions } = options
  let appLog: FastifyBaseLogger | undefined
  const log = options.log ?? toBillingLog(() => appLog)
  const receiver = createBillingReceiver<KindeBillingContext>({ ...receiverOptions, log })
  const deliver = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { status, headers, body } = await receiver.receive({
      method: request.method,
      header: (name) => getNodeHeader(request.raw, name),
      body: () => openNodeBody(request.body instanceof Readable ? request.body : request.raw, [request, request.raw]),
      context: { request, reply },
      rawBodyHint: RAW_BODY_HINT,
      log: options.log === undefined ? toBillingLog(() => request.log) : undefined,
    })
    // A handler has sent a reply by itself.
    if (reply.sent || reply.raw.headersSent) return reply
    // Bytes, because Fastify adds a charset to text.
    const bytes = Buffer.from(body)
    reply.code(status).headers(headers)
    if (request.raw.complete !== false) return reply.send(bytes)
    reply.raw.shouldKeepAlive = false
    return reply.header('content-length', bytes.byteLength).send(Readable.from(linger(bytes)))
  }
  return async (app) => {
    appLog = app.log
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    app.all(path, deliver)
    // Fastify refuses a malformed media type before the route. The signature decides, so it is delivered.
    app.setErrorHandler((error: FastifyError, request, reply) => {
      if (error.code !== 'FST_ERR_CTP_INVALID_MEDIA_TYPE') throw error
      return deliver(request, reply)
    })
  }
}

/** Fastify's log, or the console if Fastify has none. */
function toBillingLog(getLog: () => FastifyBaseLogger | undefined): BillingLog {
  const write = (level: 'warn' | 'error', line: string, details: BillingLogDetails): void => {
    const log = getLog()
    if (log !== undefined && !isPlaceholder(log)) log[level](details, line)
    else console[level](details.stack === undefined ? line : `${line}\n${details.stack}`)
  }
  return {
    warn: (line, details) => write('warn', line, details),
    error: (line, details) => write('error', line, details),
  }
}

/** Without a logger, Fastify has a placeholder whose methods are one function, which drops every line. */
function isPlaceholder({ level, error, trace }: FastifyBaseLogger): boolean {
  return level === undefined && error === trace
}

function refuseMisuse(options: object | undefined): never {
  const error = new KindeWebhookError(
    'invalid_configuration',
    "path is missing. Write app.register(kindeBilling({ path: '/webhooks/kinde', ... })), and call kindeBilling.",
  )
  // Fastify has called this as a plugin. It takes a rejection; a throw would end the process.
  if (options instanceof Object && 'register' in options) return Promise.reject(error) as never
  throw error
}

/** Closing a connection that still receives resets it, and the response is lost. So the response ends a little later. */
async function* linger(response: Buffer): AsyncGenerator<Buffer> {
  yield response
  await setTimeout(LINGER_MS)
}
