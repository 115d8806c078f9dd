import { createServer } from 'node:http'
import { billingActions, type Customers, listCustomers } from '@kinde-billing/example-billing-actions'
import { kindeBilling } from '@kinde-billing/node'

const customers: Customers = new Map()
// the issuer is KINDE_ISSUER_URL of the environment; without it, this throws and says what to set
const receiveWebhook = kindeBilling({ on: billingActions(customers) })

const server = createServer((req, res) => {
  const path = req.url?.split('?')[0]
  if (path === '/webhooks/kinde') return receiveWebhook(req, res)
  // shows the effects of the events: leave it out of your application
  if (path === '/customers')
    return res.setHeader('content-type', 'application/json').end(JSON.stringify(listCustomers(customers)))
  return res.writeHead(404).end()
})

const port = Number(process.env.PORT ?? 3000)
server.listen(port, () => console.log(`Listening: POST http://localhost:${port}/webhooks/kinde`))
