import { createDurableObjectInbox, type InboxNamespace } from '@kinde-billing/cloudflare'
import { billingActions, type Customers, listCustomers } from '@kinde-billing/example-billing-actions'
import { kindeBilling } from '@kinde-billing/hono'
import { Hono } from 'hono'

export { KindeBillingInbox } from '@kinde-billing/cloudflare'

type AppEnv = { Bindings: { KINDE_ISSUER_URL: string; KINDE_BILLING_INBOX: InboxNamespace } }

// Workers run in many isolates, each with its own memory: keep your application's data in D1 or another database
const customers: Customers = new Map()
const app = new Hono<AppEnv>()

app.post(
  '/webhooks/kinde',
  kindeBilling<AppEnv>({
    // on Workers, settings and bindings come with the request
    issuer: (c) => c.env.KINDE_ISSUER_URL,
    name: 'billing',
    inbox: (c) => createDurableObjectInbox({ namespace: c.env.KINDE_BILLING_INBOX }),
    on: billingActions(customers),
  }),
)

// shows the effects of the events: leave it out of your application
app.get('/customers', (c) => c.json(listCustomers(customers)))

export default app
