import { kindeBilling } from '@kinde-billing/fastify'
import Fastify from 'fastify'

const app = Fastify({ logger: true })

app.register(
  kindeBilling({
    path: '/webhooks/kinde',
    on: {
      'customer.plan_changed': (event) => console.log(event.customer.id, 'is now on', event.plan.code),
      'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id),
    },
  }),
)

await app.listen({ port: 3000 })
