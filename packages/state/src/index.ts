export type { Access, AccessPolicy, AccessRule } from './access-table.js'
export { type ApplyOptions, applyBillingEvent } from './apply.js'
export { type CustomerIdentity, customerKey } from './customer-key.js'
export {
  type DefinePlansOptions,
  definePlans,
  type FeatureOf,
  type LimitOf,
  type PlanCatalogue,
  type PlanDefinition,
  type Plans,
  type PlanWarning,
} from './define-plans.js'
export {
  type AccessGrantedChange,
  type AccessLostChange,
  type BillingChange,
  type DebtDroppedChange,
  diffSummaries,
  type PaymentDueChange,
  type PaymentRecoveredChange,
  type PlanChangedChange,
  type UsageChangedChange,
} from './diff.js'
export { type ExplainOptions, type ExplanationStep, explain } from './explain.js'
export type { StateEvent } from './facts.js'
export {
  type BillingStateHandlerOptions,
  createBillingStateHandler,
  type EventChangeContext,
  type HandledEvent,
} from './handler.js'
export { mergeStates } from './merge.js'
export type { AccessReason, EventReference, FactReference, SnapshotReference } from './reason.js'
export { applySnapshot, type BillingSnapshot, type SnapshotAgreement } from './snapshot.js'
export type { BillingState } from './state.js'
export type { BillingStateStore, StoredState } from './store.js'
export {
  type AgreementSummary,
  type BillingSummary,
  type PlanSummary,
  type SummarizeOptions,
  summarize,
  type UsageSummary,
} from './summarize.js'
export {
  type BillingChangeContext,
  type ChangeCause,
  type UpdateBillingStateOptions,
  type UpdatedBillingState,
  updateBillingState,
} from './update.js'
