import { createDurableObjectInbox, type InboxNamespace } from '@kinde-billing/cloudflare'
import { billingActions, billingOf, createCustomers } from '@kinde-billing/example-billing-actions'
import { kindeBilling } from '@kinde-billing/hono'
import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'

export { KindeBillingInbox } from '@kinde-billing/cloudflare'

type AppEnv = { Bindings: { KINDE_ISSUER_URL: string; KINDE_BILLING_INBOX: InboxNamespace } }

// Workers run in many isolates, each with its own memory: keep your application's data in D1 or another database
const customers = createCustomers()
const app = new Hono<AppEnv>()

app.post(
  '/webhooks/kinde',
  kindeBilling<AppEnv>({
    // on Workers, settings and bindings come with the request
    issuer: (c) => c.env.KINDE_ISSUER_URL,
    name: 'billing',
    inbox: (c) => createDurableObjectInbox({ namespace: c.env.KINDE_BILLING_INBOX }),
    ...billingActions(customers),
  }),
)

// lets in whose organization pays, for any route behind it
const requireAccess = createMiddleware(async (c, next) => {
  // in place of your login, which knows the organization of the session
  const billing = billingOf(customers, { orgCode: c.req.header('x-example-org') ?? '' })
  return billing.hasAccess ? next() : c.json({ error: billing.reason.text }, 402)
})
app.get('/projects', requireAccess, (c) => c.json({ projects: [] }))

// shows the effects of the events: leave it out of your application
app.get('/customers', (c) => c.json(customers.list()))

export default app
