import { billingActions, type Customers, listCustomers } from '@kinde-billing/example-billing-actions'
import { kindeBilling } from '@kinde-billing/hono'
import { type Context, Hono } from 'hono'

type AppEnv = { Bindings: { KINDE_ISSUER_URL: string } }

// Workers run in many isolates that come and go, each with a memory of its own: what your application knows belongs into D1,
// a Durable Object or a database, and so does the inbox
const customers: Customers = new Map()
const app = new Hono<AppEnv>()

app.post(
  '/webhooks/kinde',
  kindeBilling({
    // settings live in the request on Workers, not in an environment of the process
    issuer: (c: Context<AppEnv>) => c.env.KINDE_ISSUER_URL,
    on: billingActions(customers),
  }),
)

// for a look at what the events have done: leave it out of your application
app.get('/customers', (c) => c.json(listCustomers(customers)))

export default app
