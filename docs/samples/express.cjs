const { kindeBilling } = require('@kinde-billing/node')
const express = require('express')

const app = express()

// before any body parser
app.post(
  '/webhooks/kinde',
  kindeBilling({
    on: {
      'customer.plan_changed': (event) => console.log(event.customer.id, 'is now on', event.plan.code),
      'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id),
    },
  }),
)

app.use(express.json())
app.listen(3000)
