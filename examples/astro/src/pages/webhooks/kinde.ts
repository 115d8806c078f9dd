import { createLazyWebHandler } from '@kinde-billing/core/receiver'
import type { APIRoute } from 'astro'

// not a file of the build, but a route of the server
export const prerender = false

// lazy, because `astro build` imports this module without the settings of the running application
const billing = createLazyWebHandler({
  onEvent: (event) => console.log(event.type, event.customer.id),
})

export const POST: APIRoute = ({ request }) => billing(request, undefined)
