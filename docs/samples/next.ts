// app/api/webhooks/kinde/route.ts
import { kindeBilling } from '@kinde-billing/next'

export const POST = kindeBilling({
  on: {
    'customer.plan_changed': (event) => console.log(event.customer.id, 'is now on', event.plan.code),
    'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id),
  },
})
