export type { DeliveryBody } from '../body.js'
export { type DeliveryLedger, DiscardEvent, type LedgerDelivery, type LedgerOutcome } from './ledger.js'
export { createMemoryLedger, type MemoryLedgerOptions } from './memory-ledger.js'
export type {
  BillingHandler,
  BillingHandlers,
  BillingReceiverOptions,
  DefaultLedger,
  DeliveryOutcome,
  OwnLedger,
  ReceiverOptions,
} from './options.js'
export { type BillingReceiver, createBillingReceiver } from './receiver.js'
export type { Delivery, DeliveryRequest, DeliveryResponse, HandlerDelivery } from './request.js'
export { createDeferredWebHandler, createWebHandler } from './web.js'
