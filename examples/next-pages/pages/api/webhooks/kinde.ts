import { kindeBilling } from '@kinde-billing/node'

// the body must arrive unread
export const config = { api: { bodyParser: false } }

export default kindeBilling({
  // a function, because `next build` imports this module without the settings of the running application
  issuer: () => process.env.KINDE_ISSUER_URL ?? '',
  onEvent: (event) => console.log(event.type, event.customer.id),
})
