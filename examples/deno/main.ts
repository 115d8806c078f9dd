import { createWebHandler } from '@kinde-billing/core/receiver'

// the issuer is KINDE_ISSUER_URL of the environment
const billing = createWebHandler({
  onEvent: (event) => console.log(event.type, event.customer.id),
})

Deno.serve({ port: Number(Deno.env.get('PORT') ?? 3000) }, (request) => billing(request))
