import type { DataSchemas, NoSchemas } from '@kinde-billing/core'
import { type BillingReceiverOptions, createLazyWebHandler } from '@kinde-billing/core/receiver'
import type { NextRequest } from 'next/server.js'

/** What handlers get of Next: the request, and the parameters of the route's path. */
export interface KindeBillingContext {
  /** Next's request. Its body has been read. */
  request: NextRequest
  /** The parameters of the route's path. */
  params: Promise<RouteParams>
}

type RouteParams = Record<string, string | string[] | undefined>

/** The options of {@link kindeBilling}: those of the receiver. */
export type KindeBillingOptions<Tx = undefined, Schemas extends DataSchemas = NoSchemas> = BillingReceiverOptions<
  KindeBillingContext,
  Tx,
  Schemas
>

/**
 * Receives Kinde's billing webhooks as a route handler of the App Router, in the Node and the edge runtime. The options are
 * judged at the first request and not at import, so that `next build` passes without the environment.
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
export function kindeBilling<Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: KindeBillingOptions<Tx, Schemas>,
): (request: NextRequest, route?: { params: Promise<RouteParams> }) => Promise<Response> {
  const handle = createLazyWebHandler<KindeBillingContext, Tx, Schemas>(options)
  return (request, route) => handle(request, { request, params: route?.params ?? Promise.resolve({}) })
}
