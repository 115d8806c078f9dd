import { describeInbox } from '@kinde-billing/testing/inbox-contract'
import { createMemoryInbox } from './memory-inbox.js'

describeInbox(
  'an inbox in memory',
  () => {
    let now = 0
    return {
      inbox: createMemoryInbox({ now: () => now }),
      advance: (ms) => {
        now += ms
      },
    }
  },
  { startsAtOnce: true },
)
