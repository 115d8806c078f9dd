import { createDurableObjectInbox, type InboxNamespace } from '@kinde-billing/cloudflare'
import { kindeBilling } from '@kinde-billing/hono'
import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { billingOf, listCustomers, on, onEvent } from './billing.js'

export { KindeBillingInbox } from '@kinde-billing/cloudflare'

type AppEnv = { Bindings: { KINDE_ISSUER_URL: string; KINDE_BILLING_INBOX: InboxNamespace } }

const app = new Hono<AppEnv>()

app.post(
  '/webhooks/kinde',
  kindeBilling<AppEnv>({
    // on Workers, settings and bindings come with the request
    issuer: (c) => c.env.KINDE_ISSUER_URL,
    name: 'billing',
    inbox: (c) => createDurableObjectInbox({ namespace: c.env.KINDE_BILLING_INBOX }),
    // Workers run in many isolates, each with its own memory: keep what customers have in a database
    onEvent,
    on,
  }),
)

// lets in whose organization pays, for any route behind it
const requireAccess = createMiddleware(async (c, next) => {
  // in place of your login, which knows the organization of the session
  const billing = billingOf(c.req.header('x-example-org'))
  return billing.hasAccess ? next() : c.json({ error: billing.reason.text }, 402)
})
app.get('/projects', requireAccess, (c) => c.json({ projects: [] }))

// shows the effects of the events: leave it out of your application
app.get('/customers', (c) => c.json(listCustomers()))

export default app
