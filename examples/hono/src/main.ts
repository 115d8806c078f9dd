import { serve } from '@hono/node-server'
import { kindeBilling } from '@kinde-billing/hono'
import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { billingOf, listCustomers, on, onEvent } from './billing.js'

const app = new Hono()

// the issuer is KINDE_ISSUER_URL of the environment
app.post('/webhooks/kinde', kindeBilling({ onEvent, on }))

// lets in whose organization pays, for any route behind it
const requireAccess = createMiddleware(async (c, next) => {
  // in place of your login, which knows the organization of the session
  const billing = billingOf(c.req.header('x-example-org'))
  return billing.hasAccess ? next() : c.json({ error: billing.reason.text }, 402)
})
app.get('/projects', requireAccess, (c) => c.json({ projects: [] }))

// shows the effects of the events: leave it out of your application
app.get('/customers', (c) => c.json(listCustomers()))

const port = Number(process.env.PORT || 3000)
serve({ fetch: app.fetch, port }, () => console.log(`Listening: POST http://localhost:${port}/webhooks/kinde`))
