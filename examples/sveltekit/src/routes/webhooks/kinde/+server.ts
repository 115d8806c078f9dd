import { createLazyWebHandler } from '@kinde-billing/core/receiver'
import { env } from '$env/dynamic/private'
import type { RequestHandler } from './$types'

// lazy, because `vite build` imports this module without the settings of the running application
const billing = createLazyWebHandler({
  issuer: () => env.KINDE_ISSUER_URL ?? '',
  onEvent: (event) => console.log(event.type, event.customer.id),
})

export const POST: RequestHandler = ({ request }) => billing(request, undefined)
