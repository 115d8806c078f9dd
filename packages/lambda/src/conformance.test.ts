import { describeAdapter, listen } from '@kinde-billing/testing/conformance'
import { createBridge, HTTP_API_ORIGIN } from '../test/bridge.js'
import { kindeBilling } from './index.js'

// the other origins: test/conformance.system.ts
describeAdapter('@kinde-billing/lambda behind an HTTP API', {
  // API Gateway calls the function with the whole body, and answers slow and endless ones by itself
  buffersBodies: true,
  start: (options) => listen(createBridge(kindeBilling(options), HTTP_API_ORIGIN)),
})
