import { createServer } from 'node:http'
import { describeAdapter, listen } from '@kinde-billing/testing/conformance'
import connect from 'connect'
import { kindeBilling } from '../src/index.js'

describeAdapter('@kinde-billing/node in Connect', {
  start: (options) => {
    const app = connect()
    app.use('/webhooks/kinde', kindeBilling(options))
    return listen(createServer(app), '/webhooks/kinde')
  },
})
