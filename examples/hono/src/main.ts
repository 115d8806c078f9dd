import { serve } from '@hono/node-server'
import { billingActions, type Customers, listCustomers } from '@kinde-billing/example-billing-actions'
import { kindeBilling } from '@kinde-billing/hono'
import { Hono } from 'hono'

const customers: Customers = new Map()
const app = new Hono()

// the issuer is KINDE_ISSUER_URL of the environment
app.post('/webhooks/kinde', kindeBilling({ on: billingActions(customers) }))

// shows the effects of the events: leave it out of your application
app.get('/customers', (c) => c.json(listCustomers(customers)))

const port = Number(process.env.PORT ?? 3000)
serve({ fetch: app.fetch, port }, () => console.log(`Listening: POST http://localhost:${port}/webhooks/kinde`))
