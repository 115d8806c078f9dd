import { kindeBilling } from '@kinde-billing/lambda'

// the function: its handler is `handler.handler`, and the issuer is KINDE_ISSUER_URL of the environment
export const handler = kindeBilling({
  onEvent: (event) => console.log(event.type, event.customer.id),
  on: {
    'customer.payment_failed': (event) => console.log('ask for another card:', event.customer.id),
  },
})
