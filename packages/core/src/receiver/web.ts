import { assertWebRequest, unreadBody } from '../body.js'
import { consoleLog, createLogLimit, toLog } from '../log.js'
import type { DataSchemas, NoSchemas } from '../standard-schema.js'
import type { BillingReceiverOptions } from './options.js'
import { type BillingReceiver, createBillingReceiver } from './receiver.js'
import type { DeliveryResponse } from './request.js'
import { conclude } from './response.js'

const RAW_BODY_HINT = 'Pass a request whose body has not been read, or a clone that was made before.'

/**
 * Creates a handler of the Web's `Request` and `Response`, as Workers, Deno, Bun and most frameworks have them.
 *
 * @param options - The options of `createBillingReceiver`.
 * @returns A handler. Its second parameter is the context that your handlers get; leave it out if you need none.
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the fix
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
 * Creates the handler of {@link createWebHandler}, but validates the options at the first request, for frameworks that
 * import a module before its environment is set, as `next build` does. A misconfiguration is logged, reported to
 * `onOutcome` and answered 500 until it is fixed, and Kinde tries again.
 *
 * @param options - The options of `createBillingReceiver`.
 * @returns A handler, which takes the context as its second parameter.
 *
 * @example
 * ```ts
 * import { createLazyWebHandler } from '@kinde-billing/core/receiver'
 *
 * const handle = createLazyWebHandler({ onEvent: (event) => console.log(event.type) })
 *
 * export const POST = (request: Request): Promise<Response> => handle(request, undefined)
 * ```
 */
export function createLazyWebHandler<Context, Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: BillingReceiverOptions<Context, Tx, Schemas>,
): (request: Request, context: Context) => Promise<Response> {
  let receiver: BillingReceiver<Context, Schemas> | undefined
  const shouldLog = createLogLimit()
  return async (request, context) => {
    try {
      receiver ??= createBillingReceiver(options)
    } catch (error) {
      const { onOutcome, log } = options ?? {}
      const observer = typeof onOutcome === 'function' ? onOutcome : undefined
      const reporters = { onOutcome: observer, log: toLog(log) ?? consoleLog, shouldLog }
      const { response } = await conclude(reporters, context, () => Promise.reject(error))
      return toWebResponse(response)
    }
    return receiveWeb(receiver, request, context)
  }
}

async function receiveWeb<Context>(
  receiver: Pick<BillingReceiver<Context>, 'receive'>,
  request: Request,
  context: Context,
): Promise<Response> {
  return toWebResponse(
    await receiver.receive({
      method: request?.method,
      header(name) {
        assertWebRequest(request)
        return request.headers.get(name) ?? undefined
      },
      body: () => unreadBody(request),
      context,
      rawBodyHint: RAW_BODY_HINT,
    }),
  )
}

function toWebResponse({ status, headers, body }: DeliveryResponse): Response {
  return new Response(body, { status, headers })
}
