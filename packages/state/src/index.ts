export type { Access, AccessPolicy } from './access-table.js'
export { applyBillingEvent } from './apply.js'
export { customerKey } from './customer-key.js'
export {
  type AccessGrantedChange,
  type AccessLostChange,
  type BillingChange,
  diffSummaries,
  type PaymentDueChange,
  type PaymentRecoveredChange,
  type PlanChangedChange,
  type UsageChangedChange,
} from './diff.js'
export type { StateEvent } from './facts.js'
export {
  type BillingChangeContext,
  type BillingStateHandlerOptions,
  createBillingStateHandler,
  type HandledEvent,
  type StoredState,
} from './handler.js'
export { mergeStates } from './merge.js'
export type { BillingState } from './state.js'
export {
  type AgreementSummary,
  type BillingSummary,
  type PlanSummary,
  type SummarizeOptions,
  summarize,
  type UsageSummary,
} from './summarize.js'
