import { app } from '@azure/functions'
import { createBillingReceiver } from '@kinde-billing/core/receiver'

// the issuer is KINDE_ISSUER_URL of the application's settings
const receiver = createBillingReceiver({
  onEvent: (event) => console.log(event.type, event.customer.id),
})

app.http('kinde', {
  methods: ['POST'],
  // the signature decides, not a key in the URL
  authLevel: 'anonymous',
  route: 'webhooks/kinde',
  handler: (request, context) =>
    receiver.receive({
      method: request.method,
      header: (name) => request.headers.get(name) ?? undefined,
      body: () => request.body,
      context: { request, context },
    }),
})
