import type { DataSchemas, NoSchemas } from '@kinde-billing/core'
import { invalidConfiguration } from '@kinde-billing/core/internal'
import type { BillingReceiverOptions } from '@kinde-billing/core/receiver'
import type { KindeBillingContext } from '@kinde-billing/node'

interface Route {
  /** The whole path that Kinde posts to, such as `/webhooks/kinde`. A global prefix and versions are not added to it. */
  path: string
}

/** The options of {@link KindeBillingModule}: those of the receiver, and the path that Kinde posts to. */
export type KindeBillingOptions<Tx = undefined, Schemas extends DataSchemas = NoSchemas> = BillingReceiverOptions<
  KindeBillingContext,
  Tx,
  Schemas
> &
  Route

/** Options of any type parameters, as the module keeps them. */
export type AnyKindeBillingOptions = KindeBillingOptions<unknown>

/** The token of the options. */
export const OPTIONS: unique symbol = Symbol('KindeBillingOptions')

/**
 * Refuses options without a path. The receiver checks the others, when all handlers are found.
 *
 * @throws KindeWebhookError `invalid_configuration`
 */
export function assertPath(options: AnyKindeBillingOptions): void {
  if (typeof options !== 'object' || options === null)
    throw invalidConfiguration(
      'The options object of KindeBillingModule',
      options,
      "pass an object, such as { path: '/webhooks/kinde' }",
    )
  if (typeof options.path !== 'string' || !options.path.startsWith('/'))
    throw invalidConfiguration('path', options.path, "pass the whole path of the endpoint, such as '/webhooks/kinde'")
}
