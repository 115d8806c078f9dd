import type { Readable } from 'node:stream'
import type { DataSchemas, NoSchemas } from '@kinde-billing/core'
import { type BillingReceiverOptions, createBillingReceiver, type DeliveryBody } from '@kinde-billing/core/receiver'
import type { Context, Env, Handler } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** What handlers get of Hono: its context, typed by the application's `Env`. */
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
 * Receives Kinde's billing webhooks as a Hono handler, on every runtime Hono has.
 *
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the mend
 *
 * @example
 * ```ts
 * import { kindeBilling } from '@kinde-billing/hono'
 * import { type Context, Hono } from 'hono'
 *
 * type AppEnv = { Bindings: { KINDE_ISSUER_URL: string } }
 *
 * const app = new Hono<AppEnv>()
 * app.post(
 *   '/webhooks/kinde',
 *   kindeBilling({
 *     issuer: (c: Context<AppEnv>) => c.env.KINDE_ISSUER_URL,
 *     on: { 'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id) },
 *   }),
 * )
 * ```
 */
export function kindeBilling<AppEnv extends Env = Env, Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: KindeBillingOptions<AppEnv, Tx, Schemas>,
): Handler<AppEnv> {
  const receiver = createBillingReceiver<KindeBillingContext<AppEnv>, Tx, Schemas>(options)
  return async (c) => {
    const { status, headers, body } = await receiver.receive({
      method: c.req.method,
      header: (name) => c.req.raw.headers.get(name) ?? undefined,
      body: () => bodyOf(c),
      context: c,
      rawBodyHint: RAW_BODY_HINT,
    })
    // by the context, so that headers that a middleware has set are kept
    return c.body(body, status as ContentfulStatusCode, headers)
  }
}

/** The bytes or the text that a middleware has read by the context, which Hono keeps, or the body that nobody has read. */
async function bodyOf({ req, env }: Context): Promise<DeliveryBody> {
  const { arrayBuffer, blob, text } = req.bodyCache
  if (arrayBuffer !== undefined) return new Uint8Array(await arrayBuffer)
  if (blob !== undefined) return new Uint8Array(await (await blob).arrayBuffer())
  if (text !== undefined) return text
  if (isUntouched(req.raw, env?.incoming)) return chunksOf(env.incoming)
  return req.raw.bodyUsed || req.raw.body?.locked ? undefined : req.raw.body
}

/** Node's stream below a request of @hono/node-server: to make a Web stream of it would cost more than all else here. */
type NodeStream = Pick<Readable, 'readableFlowing' | 'readableDidRead' | 'destroyed' | 'iterator'>

/** Whether this is the request of that stream, and not one in its place, and nobody has read it or made a Web request of it. */
function isUntouched(request: Request, stream: NodeStream | undefined): stream is NodeStream {
  if (stream?.readableFlowing !== null || stream.readableDidRead || stream.destroyed || 'rawBody' in stream)
    return false
  const parts = Object.getOwnPropertySymbols(request).map((name): unknown => Reflect.get(request, name))
  return parts.includes(stream) && !parts.some((part) => part instanceof Request)
}

/** Never told to stop: the server then empties the stream, however much is still to come. Like this, it closes the connection. */
function chunksOf(stream: NodeStream): AsyncIterable<Uint8Array> {
  const chunks = stream.iterator({ destroyOnReturn: false })
  return { [Symbol.asyncIterator]: () => ({ next: () => chunks.next() }) }
}
