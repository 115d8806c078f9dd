import { createWebHandler } from '@kinde-billing/core/receiver'

const receiveWebhook = createWebHandler({
  issuer: 'https://acme.kinde.com', // your Kinde domain
  on: {
    'customer.plan_changed': (event) => console.log(event.customer.id, 'is now on', event.plan.code),
    'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id),
  },
})

export default { fetch: (request: Request): Promise<Response> => receiveWebhook(request) }
