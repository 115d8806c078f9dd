import { billingActions, type Customers, listCustomers } from '@kinde-billing/example-billing-actions'
import { kindeBilling } from '@kinde-billing/hono'
import { Hono } from 'hono'

type AppEnv = { Bindings: { KINDE_ISSUER_URL: string } }

// Workers run in many isolates, each with its own memory: keep your application's data and the inbox in D1, a Durable Object
// or a database
const customers: Customers = new Map()
const app = new Hono<AppEnv>()

app.post(
  '/webhooks/kinde',
  kindeBilling<AppEnv>({
    // on Workers, settings come with the request
    issuer: (c) => c.env.KINDE_ISSUER_URL,
    on: billingActions(customers),
  }),
)

// shows the effects of the events: leave it out of your application
app.get('/customers', (c) => c.json(listCustomers(customers)))

export default app
