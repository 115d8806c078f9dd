import { kindeBilling } from '@kinde-billing/node'
import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import Koa from 'koa'

const billing = kindeBilling({
  onEvent: (event) => console.log(event.type, event.customer.id),
})

const webhooks = new Router()
webhooks.post('/webhooks/kinde', async (ctx) => {
  // the handler writes the response
  ctx.respond = false
  await billing(ctx.req, ctx.res)
})

const app = new Koa()
// before the body parser, so that the body is unread
app.use(webhooks.routes())
app.use(bodyParser())

const port = Number(process.env.PORT || 3000)
app.listen(port, () => console.log(`Listening: POST http://localhost:${port}/webhooks/kinde`))
