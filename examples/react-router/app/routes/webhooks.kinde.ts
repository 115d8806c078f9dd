import { createLazyWebHandler } from '@kinde-billing/core/receiver'
import type { Route } from './+types/webhooks.kinde'

// lazy, because `react-router build` may import this module without the settings of the running application
const billing = createLazyWebHandler({
  onEvent: (event) => console.log(event.type, event.customer.id),
})

// a route without a component: its action is the endpoint
export const action = ({ request }: Route.ActionArgs) => billing(request, undefined)
