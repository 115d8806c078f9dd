export type { DeliveryBody } from '../body.js'
export type { BillingLog, BillingLogDetails } from '../log.js'
export {
  type DeliveryInbox,
  DiscardEvent,
  HandlerFault,
  type InboxDelivery,
  type InboxOutcome,
} from './inbox.js'
export { createMemoryInbox, type MemoryInboxOptions } from './memory-inbox.js'
export type {
  BillingHandler,
  BillingHandlers,
  BillingReceiverOptions,
  DefaultInbox,
  DeliveryOutcome,
  OwnInbox,
  ReceiverOptions,
} from './options.js'
export { type BillingReceiver, createBillingReceiver } from './receiver.js'
export type { Delivery, DeliveryRequest, DeliveryResponse, HandlerDelivery } from './request.js'
export { createLazyWebHandler, createWebHandler } from './web.js'
