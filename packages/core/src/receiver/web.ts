import { unreadBody } from '../body.js'
import type { DataSchemas, NoSchemas } from '../data-schemas.js'
import type { BillingReceiverOptions } from './options.js'
import { type BillingReceiver, createBillingReceiver, refuse } from './receiver.js'
import type { DeliveryResponse } from './request.js'

const RAW_BODY_HINT =
  'The request has been read before it came here: hand over a request whose body nobody has read, or a clone made before.'

/**
 * A receiver for the Web's own `Request` and `Response`, as Workers, Deno, Bun and most frameworks of today have them.
 *
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the mend
 *
 * @example
 * ```ts
 * import { createWebHandler } from '@kinde-billing/core/receiver'
 *
 * const handle = createWebHandler({
 *   issuer: 'https://acme.kinde.com',
 *   on: { 'customer.payment_succeeded': (event) => console.log('unlock', event.customer.id) },
 * })
 *
 * export const fetch = (request: Request): Promise<Response> => handle(request)
 * ```
 */
export function createWebHandler<Context = unknown, Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: BillingReceiverOptions<Context, Tx, Schemas>,
): (
  request: Request,
  ...context: undefined extends Context ? [context?: Context] : [context: Context]
) => Promise<Response> {
  const receiver = createBillingReceiver(options)
  return (request, ...[context]) => receiveWeb(receiver, request, context as Context)
}

/**
 * {@link createWebHandler} whose options are judged at each request until they are right, for frameworks that import a
 * module before its environment is there, as `next build` does. A mistake is answered like any other, with
 * `invalid_configuration`, and Kinde tries again.
 */
export function createLazyWebHandler<Context, Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: BillingReceiverOptions<Context, Tx, Schemas>,
): (request: Request, context: Context) => Promise<Response> {
  let receiver: BillingReceiver<Context> | undefined
  return async (request, context) => {
    try {
      receiver ??= createBillingReceiver(options)
    } catch (error) {
      return webResponse(refuse(error))
    }
    return receiveWeb(receiver, request, context)
  }
}

async function receiveWeb<Context>(
  receiver: BillingReceiver<Context>,
  request: Request,
  context: Context,
): Promise<Response> {
  return webResponse(
    await receiver.receive({
      method: request.method,
      header: (name) => request.headers.get(name) ?? undefined,
      body: () => unreadBody(request),
      context,
      rawBodyHint: RAW_BODY_HINT,
    }),
  )
}

function webResponse({ status, headers, body }: DeliveryResponse): Response {
  return new Response(body, { status, headers })
}
