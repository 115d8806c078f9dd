import { createBillingReceiver } from '@kinde-billing/core/receiver'
import { type AnyPostgresPool, createPostgresInbox, createPostgresStateStore } from '@kinde-billing/postgres'
import { type AccessPolicy, createBillingStateHandler } from '@kinde-billing/state'
import type { TestIssuer } from '@kinde-billing/testing'
import { plans } from './plans.js'

const DAY_MS = 24 * 60 * 60 * 1000

/** Everything that the application does with Kinde's events: it keeps what each customer has. */
export function createBilling(pool: AnyPostgresPool, issuer: string | undefined, playedKinde: TestIssuer | undefined) {
  const policy: AccessPolicy = {
    pastDueGraceMs: 14 * DAY_MS,
    // The default of 15 minutes is too long to watch.
    ...(playedKinde && { cancellationGraceMs: 3000 }),
  }
  const store = createPostgresStateStore({ pool, policy, plans })
  const keepState = createBillingStateHandler({ store, policy })
  const switches = { isBroken: false }
  const receiver = createBillingReceiver({
    ...(playedKinde ? { issuer: playedKinde.issuer, jwks: playedKinde.jwks } : { issuer }),
    name: 'saas',
    // So that every event can be looked at, and run again. In production, 'failed' keeps less personal data.
    inbox: createPostgresInbox({ pool, keepClaims: 'all' }),
    async onEvent(event, delivery) {
      if (switches.isBroken) throw new Error('The handler is broken: the button "Break the handler" was pressed')
      await keepState(event, delivery)
    },
  })
  return { policy, store, receiver, switches }
}

export type Billing = ReturnType<typeof createBilling>
