import { billingActions, type Customers, listCustomers } from '@kinde-billing/example-billing-actions'
import { kindeBilling } from '@kinde-billing/fastify'
import Fastify from 'fastify'

const customers: Customers = new Map()
const app = Fastify()

// the issuer is KINDE_ISSUER_URL of the environment
app.register(kindeBilling({ path: '/webhooks/kinde', on: billingActions(customers) }))

// shows the effects of the events: leave it out of your application
app.get('/customers', async () => listCustomers(customers))

const port = Number(process.env.PORT ?? 3000)
await app.listen({ port, host: '0.0.0.0' })
console.log(`Listening: POST http://localhost:${port}/webhooks/kinde`)
