import { createLazyWebHandler } from '@kinde-billing/core/receiver'
import { createFileRoute } from '@tanstack/react-router'

// lazy, because the settings of the running application may be set after this module is imported
const billing = createLazyWebHandler({
  onEvent: (event) => console.log(event.type, event.customer.id),
})

export const Route = createFileRoute('/webhooks/kinde')({
  server: {
    handlers: {
      // all methods, so that the answer to the others is the package's, too
      ANY: ({ request }) => billing(request, undefined),
    },
  },
})
