import { createWebHandler } from '@kinde-billing/core/receiver'

// the issuer is the secret KINDE_ISSUER_URL of the project
const billing = createWebHandler({
  onEvent: (event) => console.log(event.type, event.customer.id),
})

Deno.serve((request) => billing(request))
