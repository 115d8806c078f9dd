import { createMemoryInbox } from '@kinde-billing/core/receiver'
import { type KindeBillingOptions, kindeBilling } from '@kinde-billing/fastify'
import type { Meter, Tracer } from '@opentelemetry/api'
import Fastify from 'fastify'
import type { Logger } from 'pino'
import { observeInbox } from './observe-inbox.js'
import { observeOutcomes } from './observe-outcomes.js'

/** The destinations of logs, metrics and spans. */
export interface Observers {
  readonly log: Logger
  readonly meter: Meter
  readonly tracer: Tracer
}

const name = 'billing'

/** Creates an application whose deliveries are logged, counted and traced. */
export function createApp({ log, meter, tracer }: Observers, options: Pick<KindeBillingOptions, 'issuer' | 'on'>) {
  const app = Fastify({ loggerInstance: log })
  app.register(
    kindeBilling({
      path: '/webhooks/kinde',
      ...options,
      name,
      // the inbox of production takes its place here: createPostgresInbox({ pool })
      inbox: observeInbox(createMemoryInbox(), { tracer, meter, destination: name }),
      // onOutcome logs every delivery: failures need no line of their own
      log: false,
      onOutcome: observeOutcomes({ log, meter }),
      onWarning: ({ code, message }) => log.warn({ code }, message),
    }),
  )
  return app
}
