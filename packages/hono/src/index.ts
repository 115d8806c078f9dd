import type { Readable } from 'node:stream'
import { type DataSchemas, KindeWebhookError, type NoSchemas } from '@kinde-billing/core'
import {
  type BillingReceiverOptions,
  createBillingReceiver,
  type DeliveryBody,
  type OwnInbox,
  type ReceiverOptions,
} from '@kinde-billing/core/receiver'
import type { Context, Env, Handler } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** Hono's context, typed by your application's `Env`, for handlers. */
export type KindeBillingContext<AppEnv extends Env = Env> = Context<AppEnv>

/** The options of {@link kindeBilling}: those of the receiver. */
export type KindeBillingOptions<
  AppEnv extends Env = Env,
  Tx = undefined,
  Schemas extends DataSchemas = NoSchemas,
> = BillingReceiverOptions<KindeBillingContext<AppEnv>, Tx, Schemas>

const RAW_BODY_HINT =
  'Let a middleware that must see the body of this route read it with c.req.text() or c.req.arrayBuffer(), whose bytes Hono keeps, and not with c.req.json() or c.req.raw.'

/**
 * Creates a Hono handler of Kinde's billing webhooks, for every runtime of Hono.
 *
 * @param options - The options of the receiver.
 * @returns The handler to mount.
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the fix
 *
 * @example
 * ```ts
 * import { kindeBilling } from '@kinde-billing/hono'
 * import { Hono } from 'hono'
 *
 * type AppEnv = { Bindings: { KINDE_ISSUER_URL: string } }
 *
 * const app = new Hono<AppEnv>()
 * app.post(
 *   '/webhooks/kinde',
 *   kindeBilling<AppEnv>({
 *     issuer: (c) => c.env.KINDE_ISSUER_URL,
 *     on: { 'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id) },
 *   }),
 * )
 * ```
 */
// Without AppEnv first: while it is inferred, a handler that is made in place, as by createBillingStateHandler, gets `never` for it.
// Schemas has no default, so that the one type argument of kindeBilling<AppEnv> is not taken for Tx.
export function kindeBilling<Tx, const Schemas extends DataSchemas>(
  options: ReceiverOptions<KindeBillingContext, Tx, Schemas> & OwnInbox<KindeBillingContext, Tx>,
): Handler<Env>
export function kindeBilling<AppEnv extends Env = Env, Tx = unknown, const Schemas extends DataSchemas = NoSchemas>(
  options: ReceiverOptions<KindeBillingContext<AppEnv>, Tx, Schemas> & OwnInbox<KindeBillingContext<AppEnv>, Tx>,
): Handler<AppEnv>
export function kindeBilling(options: KindeBillingOptions): Handler<Env>
// With one type parameter, because most applications see this one in their editor.
export function kindeBilling<AppEnv extends Env = Env>(options: KindeBillingOptions<AppEnv>): Handler<AppEnv>
export function kindeBilling<AppEnv extends Env = Env, Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: KindeBillingOptions<AppEnv, Tx, Schemas>,
): Handler<AppEnv>
export function kindeBilling<AppEnv extends Env>(options: KindeBillingOptions<AppEnv>): Handler<AppEnv> {
  const receiver = createBillingReceiver<KindeBillingContext<AppEnv>>(options)
  return async (c) => {
    assertHonoContext(c)
    const { status, headers, body } = await receiver.receive({
      method: c.req.method,
      header: (name) => c.req.raw.headers.get(name) ?? undefined,
      body: () => openBody(c),
      context: c,
      rawBodyHint: RAW_BODY_HINT,
    })
    // Through the context, so that the headers of a middleware are kept.
    return c.body(body, status as ContentfulStatusCode, headers)
  }
}

/** Nothing hinders JavaScript from calling the handler elsewhere. */
function assertHonoContext(c: { req?: { raw?: unknown } } | undefined): void {
  if (typeof c?.req?.raw === 'object') return
  throw new KindeWebhookError(
    'invalid_configuration',
    "The handler was not called with Hono's context. Mount it on a route, app.post(path, kindeBilling({ ... })), or use createWebHandler of @kinde-billing/core/receiver without Hono.",
  )
}

/** The bytes or text that a middleware read through the context, which Hono keeps, or the unread body. */
async function openBody({ req, env }: Context): Promise<DeliveryBody> {
  const { arrayBuffer, blob, text } = req.bodyCache
  if (arrayBuffer !== undefined) return new Uint8Array(await arrayBuffer)
  if (blob !== undefined) return new Uint8Array(await (await blob).arrayBuffer())
  if (text !== undefined) return text
  if (isUntouched(req.raw, env?.incoming)) return toChunks(env.incoming)
  return req.raw.bodyUsed ? undefined : req.raw.body
}

/**
 * Node's stream below a request of @hono/node-server. The Web stream on top of it costs more than everything else here: 175 µs
 * a request on an idle machine, 340 µs on a busy one (2026-11-25, packages/benchmarks/src/tricks.ts).
 */
type NodeStream = Pick<Readable, 'readableFlowing' | 'readableDidRead' | 'destroyed' | 'iterator'>

/** True if the request is that stream's own, and the stream has not been read, nor made a Web request. */
function isUntouched(request: Request, stream: NodeStream | undefined): stream is NodeStream {
  if (stream?.readableFlowing !== null || stream.readableDidRead || stream.destroyed || 'rawBody' in stream)
    return false
  const parts = Object.getOwnPropertySymbols(request).map((name): unknown => Reflect.get(request, name))
  return parts.includes(stream) && !parts.some((part) => part instanceof Request)
}

/** Never cancelled: the server would then read the rest, however large. Without that, it closes the connection. */
function toChunks(stream: NodeStream): AsyncIterable<Uint8Array> {
  const chunks = stream.iterator({ destroyOnReturn: false })
  return { [Symbol.asyncIterator]: () => ({ next: () => chunks.next() }) }
}
