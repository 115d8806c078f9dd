import { kindeBilling } from '@kinde-billing/hono'
import { Hono } from 'hono'

const app = new Hono()

app.post(
  '/webhooks/kinde',
  kindeBilling({
    on: {
      'customer.plan_changed': (event) => console.log(event.customer.id, 'is now on', event.plan.code),
      'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id),
    },
  }),
)

export default app
