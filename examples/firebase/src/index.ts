import { kindeBilling } from '@kinde-billing/node'
import { onRequest } from 'firebase-functions/https'

// KINDE_ISSUER_URL stands in `.env` beside package.json: Firebase deploys it with the function
export const billing = onRequest(
  kindeBilling({
    // a function, because `firebase deploy` imports this module before the settings are there
    issuer: () => process.env.KINDE_ISSUER_URL ?? '',
    onEvent: (event) => console.log(event.type, event.customer.id),
  }),
)
