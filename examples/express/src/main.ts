import { billingActions, type Customers, listCustomers } from '@kinde-billing/example-billing-actions'
import { kindeBilling } from '@kinde-billing/node'
import express from 'express'

const customers: Customers = new Map()
const app = express()

// before express.json(), so that the body is unread; the issuer is KINDE_ISSUER_URL of the environment
app.post('/webhooks/kinde', kindeBilling({ on: billingActions(customers) }))

app.use(express.json())
// shows the effects of the events: leave it out of your application
app.get('/customers', (_req, res) => {
  res.json(listCustomers(customers))
})

const port = Number(process.env.PORT ?? 3000)
app.listen(port, (error) => {
  if (error) throw error
  console.log(`Listening: POST http://localhost:${port}/webhooks/kinde`)
})
