const { createServer } = require('node:http')
const { kindeBilling } = require('@kinde-billing/node')

const receiveWebhook = kindeBilling({
  on: {
    'customer.plan_changed': (event) => console.log(event.customer.id, 'is now on', event.plan.code),
    'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id),
  },
})

createServer((req, res) => {
  if (req.url === '/webhooks/kinde') return receiveWebhook(req, res)
  return res.writeHead(404).end()
}).listen(3000)
