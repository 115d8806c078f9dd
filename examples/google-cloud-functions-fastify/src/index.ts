import { http } from '@google-cloud/functions-framework'
import { kindeBilling } from '@kinde-billing/fastify'
import Fastify from 'fastify'

const app = Fastify()
app.register(
  // the issuer is KINDE_ISSUER_URL of the function's environment
  kindeBilling({
    path: '/webhooks/kinde',
    onEvent: (event) => console.log(event.type, event.customer.id),
  }),
)

http('billing', async (req, res) => {
  await app.ready()
  app.server.emit('request', req, res)
})
