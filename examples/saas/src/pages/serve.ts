import { type AnyPostgresPool, listCustomerStates } from '@kinde-billing/postgres'
import { summarize } from '@kinde-billing/state'
import type { Hono } from 'hono'
import type { Billing } from '../billing.js'
import { customerPage } from './customer.js'
import { STYLE } from './style.js'

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

/** The page that a customer sees of their own plan. With a sign-in, the session says which customer that is. */
export function servePages(app: Hono, pool: AnyPostgresPool, billing: Billing, hasScenarios: boolean): void {
  const { store, policy, switches } = billing
  app.get('/style.css', (c) => c.body(STYLE, 200, { 'content-type': 'text/css' }))
  app.get('/', async (c) => {
    const { customers } = await listCustomerStates(pool, { limit: 12 })
    const key = c.req.query('customer') || customers[0]?.key
    const state = key === undefined ? undefined : await store.read(key)
    const summary = summarize(state, { now: Date.now(), policy })
    const said = hasScenarios ? c.req.query('said') : undefined
    const scenarios = hasScenarios ? { isBroken: switches.isBroken } : undefined
    return c.html(customerPage({ key, summary, customers, said, scenarios }), 200, HEADERS)
  })
}
