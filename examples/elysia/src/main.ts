import { createWebHandler } from '@kinde-billing/core/receiver'
import { Elysia } from 'elysia'

// the issuer is KINDE_ISSUER_URL of the environment
const billing = createWebHandler({
  onEvent: (event) => console.log(event.type, event.customer.id),
})

const app = new Elysia()
  // without a parser, so that the body is unread
  .post('/webhooks/kinde', ({ request }) => billing(request), { parse: 'none' })
  .listen(Number(process.env.PORT || 3000))

console.log(`Listening: POST ${app.server?.url}webhooks/kinde`)
