import { createServer } from 'node:http'
import { type ConformanceOptions, describeAdapter, listen } from '@kinde-billing/testing/conformance'
import connect from 'connect'
import { kindeBilling } from './index.js'

describeAdapter('@kinde-billing/node', {
  start: (options) => listen(createServer(kindeBilling(options))),
})

const withConnect = (options: ConformanceOptions) => {
  const app = connect()
  app.use('/webhooks/kinde', kindeBilling(options))
  return listen(createServer(app), '/webhooks/kinde')
}

describeAdapter('@kinde-billing/node in Connect', { start: withConnect })
