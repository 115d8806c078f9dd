import { createServer } from 'node:http'
import { kindeBilling } from '@kinde-billing/node'
import { billingOf, listCustomers, on, onEvent } from './billing.js'

// the issuer is KINDE_ISSUER_URL of the environment; without it, this throws and says what to set
const receiveWebhook = kindeBilling({ onEvent, on })

const server = createServer((req, res) => {
  const path = req.url?.split('?')[0]
  if (path === '/webhooks/kinde') return receiveWebhook(req, res)
  res.setHeader('content-type', 'application/json')
  if (path === '/projects') {
    // in place of your login, which knows the organization of the session
    const billing = billingOf(req.headers['x-example-org']?.toString())
    if (billing.hasAccess) return res.end(JSON.stringify({ projects: [] }))
    return res.writeHead(402).end(JSON.stringify({ error: billing.reason.text }))
  }
  // shows the effects of the events: leave it out of your application
  if (path === '/customers') return res.end(JSON.stringify(listCustomers()))
  return res.writeHead(404).end()
})

const port = Number(process.env.PORT || 3000)
server.listen(port, () => console.log(`Listening: POST http://localhost:${port}/webhooks/kinde`))
