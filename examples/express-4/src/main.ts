import { kindeBilling } from '@kinde-billing/node'
import express from 'express'

const app = express()

// before express.json(), so that the body is unread; the issuer is KINDE_ISSUER_URL of the environment
app.post(
  '/webhooks/kinde',
  kindeBilling({
    onEvent: (event) => console.log(event.type, event.customer.id),
  }),
)

app.use(express.json())

const port = Number(process.env.PORT || 3000)
app.listen(port, () => console.log(`Listening: POST http://localhost:${port}/webhooks/kinde`))
