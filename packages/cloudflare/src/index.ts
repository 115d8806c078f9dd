export { createDurableObjectInbox, type DurableObjectInboxOptions } from './inbox.js'
export type { InboxNamespace, InboxObject } from './namespace.js'
export { type InboxObjectState, type InboxObjectStorage, KindeBillingInbox } from './object.js'
