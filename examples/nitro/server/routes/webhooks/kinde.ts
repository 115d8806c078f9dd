import { kindeBilling } from '@kinde-billing/node'

export default fromNodeMiddleware(
  kindeBilling({
    // a function, because the settings of the running application may be set after this module is imported
    issuer: () => process.env.KINDE_ISSUER_URL ?? '',
    onEvent: (event) => console.log(event.type, event.customer.id),
  }),
)
