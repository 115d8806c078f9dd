import type { DataSchemas, NoSchemas } from '@kinde-billing/core'
import {
  type BillingReceiverOptions,
  createLazyWebHandler,
  type OwnInbox,
  type ReceiverOptions,
} from '@kinde-billing/core/receiver'
import type { NextRequest } from 'next/server.js'

/** The request of Next, and the parameters of the route's path, for handlers. */
export interface KindeBillingContext {
  /** Next's request. Its body has been read. */
  request: NextRequest
  /** The parameters of the route's path. */
  params: Promise<RouteParams>
}

type RouteParams = Record<string, string | string[] | undefined>
type RouteHandler = (request: NextRequest | Request, route?: { params: Promise<RouteParams> }) => Promise<Response>

/** The options of {@link kindeBilling}: those of the receiver. */
export type KindeBillingOptions<Tx = undefined, Schemas extends DataSchemas = NoSchemas> = BillingReceiverOptions<
  KindeBillingContext,
  Tx,
  Schemas
>

/**
 * Creates a route handler of the App Router for Kinde's billing webhooks, in the Node and the edge runtime. Options are
 * validated at the first request and not at import, so that `next build` passes without the environment. A
 * misconfiguration is logged and answered 500.
 *
 * @param options - The options of the receiver.
 * @returns The handler to export as `POST`.
 *
 * @example
 * ```ts
 * // app/api/webhooks/kinde/route.ts
 * import { kindeBilling } from '@kinde-billing/next'
 *
 * export const POST = kindeBilling({
 *   on: { 'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id) },
 * })
 * ```
 */
export function kindeBilling<Tx, const Schemas extends DataSchemas = NoSchemas>(
  options: ReceiverOptions<KindeBillingContext, Tx, Schemas> & OwnInbox<KindeBillingContext, Tx>,
): RouteHandler
// Without type parameters, because most applications see this one in their editor.
export function kindeBilling(options: KindeBillingOptions): RouteHandler
export function kindeBilling<Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: KindeBillingOptions<Tx, Schemas>,
): RouteHandler
export function kindeBilling(options: KindeBillingOptions): RouteHandler {
  const handle = createLazyWebHandler<KindeBillingContext>(options)
  return (request, route) =>
    // A plain Request comes from tests only. Next passes its own.
    handle(request, { request: request as NextRequest, params: route?.params ?? Promise.resolve({}) })
}
