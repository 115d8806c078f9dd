import { kindeBilling } from '@kinde-billing/node'
import express, { type RequestHandler } from 'express'
import { billingOf, listCustomers, on, onEvent } from './billing.js'

const app = express()

// before express.json(), so that the body is unread; the issuer is KINDE_ISSUER_URL of the environment
app.post('/webhooks/kinde', kindeBilling({ onEvent, on }))

app.use(express.json())

// lets in whose organization pays, for any route behind it
const requireAccess: RequestHandler = (req, res, next) => {
  // in place of your login, which knows the organization of the session
  const billing = billingOf(req.get('x-example-org'))
  if (!billing.hasAccess) return void res.status(402).json({ error: billing.reason.text })
  next()
}
app.get('/projects', requireAccess, (_req, res) => {
  res.json({ projects: [] })
})

// shows the effects of the events: leave it out of your application
app.get('/customers', (_req, res) => {
  res.json(listCustomers())
})

const port = Number(process.env.PORT || 3000)
app.listen(port, (error) => {
  if (error) throw error
  console.log(`Listening: POST http://localhost:${port}/webhooks/kinde`)
})
