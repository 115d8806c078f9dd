import { createServer } from 'node:http'
import { describeAdapter, listen } from '@kinde-billing/testing/conformance'
import { kindeBilling } from './index.js'

// Express and Connect: test/*.system.ts
describeAdapter('@kinde-billing/node', {
  start: (options) => listen(createServer(kindeBilling(options))),
})
