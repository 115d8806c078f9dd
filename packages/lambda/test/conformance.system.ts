import { describeAdapter, listen } from '@kinde-billing/testing/conformance'
import { kindeBilling } from '../src/index.js'
import { createBridge, OTHER_ORIGINS } from './bridge.js'

for (const [name, origin] of Object.entries(OTHER_ORIGINS))
  describeAdapter(`@kinde-billing/lambda behind ${name}`, {
    buffersBodies: true,
    platformAnswers: origin.platformAnswers,
    start: (options) => listen(createBridge(kindeBilling(options), origin)),
  })
