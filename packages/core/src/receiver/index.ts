export { type DeliveryLedger, DiscardEvent, type LedgerDelivery, type LedgerOutcome } from './ledger.js'
