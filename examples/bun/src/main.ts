import { createWebHandler } from '@kinde-billing/core/receiver'

// the issuer is KINDE_ISSUER_URL of the environment
const billing = createWebHandler({
  onEvent: (event) => console.log(event.type, event.customer.id),
})

const server = Bun.serve({
  port: process.env.PORT || 3000,
  routes: {
    '/webhooks/kinde': (request) => billing(request),
  },
})
console.log(`Listening: POST ${server.url}webhooks/kinde`)
