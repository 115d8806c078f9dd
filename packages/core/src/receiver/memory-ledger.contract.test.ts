import { describeLedger } from '@kinde-billing/testing/ledger-contract'
import { createMemoryLedger } from './memory-ledger.js'

describeLedger('a ledger in memory', () => {
  let now = 0
  return {
    ledger: createMemoryLedger({ now: () => now }),
    advance: (ms) => {
      now += ms
    },
  }
})
