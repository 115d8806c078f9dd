import { http } from '@google-cloud/functions-framework'
import { kindeBilling } from '@kinde-billing/node'

// the issuer is KINDE_ISSUER_URL of the function's environment
http(
  'billing',
  kindeBilling({
    onEvent: (event) => console.log(event.type, event.customer.id),
  }),
)
