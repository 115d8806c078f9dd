import { type KindeBillingOptions, kindeBilling } from '@kinde-billing/fastify'
import Fastify from 'fastify'
import type { Logger } from 'pino'
import { type Observers, observeOutcomes } from './observe.js'

/** Creates an application whose deliveries are logged, counted and traced. */
export function createApp(
  { log, ...observers }: Observers & { readonly log: Logger },
  options: Pick<KindeBillingOptions, 'issuer' | 'on'>,
) {
  const app = Fastify({ loggerInstance: log })
  app.register(
    kindeBilling({
      path: '/webhooks/kinde',
      ...options,
      // onOutcome logs every delivery: failures need no line of their own
      log: false,
      onOutcome: observeOutcomes({ log, ...observers }),
      onWarning: ({ code, message }) => log.warn({ code }, message),
    }),
  )
  return app
}
