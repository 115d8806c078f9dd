import { kindeBilling } from '@kinde-billing/fastify'
import Fastify, { type preHandlerAsyncHookHandler } from 'fastify'
import { billingOf, listCustomers, on, onEvent } from './billing.js'

const app = Fastify()

// the issuer is KINDE_ISSUER_URL of the environment
app.register(kindeBilling({ path: '/webhooks/kinde', onEvent, on }))

// lets in whose organization pays, for any route that names it
const requireAccess: preHandlerAsyncHookHandler = async (request, reply) => {
  // in place of your login, which knows the organization of the session
  const billing = billingOf(request.headers['x-example-org']?.toString())
  if (!billing.hasAccess) return reply.code(402).send({ error: billing.reason.text })
}
app.get('/projects', { preHandler: requireAccess }, async () => ({ projects: [] }))

// shows the effects of the events: leave it out of your application
app.get('/customers', async () => listCustomers())

const port = Number(process.env.PORT || 3000)
await app.listen({ port, host: '0.0.0.0' })
console.log(`Listening: POST http://localhost:${port}/webhooks/kinde`)
