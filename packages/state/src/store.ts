import { assertMethods } from '@kinde-billing/core/internal'
import type { AccessPolicy } from './access-table.js'
import type { BillingState } from './state.js'

/** A state as a store returns it, with the version that {@link BillingStateStore.save} compares: a number, an ETag, … */
export interface StoredState<Version = unknown> {
  /** The state that was saved last. */
  readonly state: BillingState
  /** Identifies what was loaded, so that `save` can tell whether another writer was faster. */
  readonly version: Version
  /**
   * The `reviewAt` of the summary when the state was saved, if the store reviews its states (`reviewDue`). A writer that comes
   * after that moment, and before the review, reports what time has changed, too: the review finds the state up to date.
   */
  readonly reviewAt?: Date | undefined
}

/** A place where states are kept, such as `createPostgresStateStore()` of `@kinde-billing/postgres`. */
export interface BillingStateStore<Tx = unknown, Version = unknown> {
  /**
   * Loads a customer's state.
   *
   * @returns The state and its version; `undefined` if there is none yet.
   */
  load(
    key: string,
    scope: { readonly tx: Tx },
  ): Promise<StoredState<Version> | undefined> | StoredState<Version> | undefined
  /**
   * Stores the state if the stored version is still the given one (`undefined`: if there is still none).
   *
   * @returns `false` if another writer was faster and nothing was stored. The caller then loads again.
   */
  save(
    key: string,
    state: BillingState,
    version: Version | undefined,
    scope: { readonly tx: Tx },
  ): Promise<boolean> | boolean
  /**
   * Runs the work in a transaction of the store's own: committed if it resolves, undone if it rejects. For writers outside
   * a delivery (a sync, a review), which have no `tx` of an inbox.
   */
  transaction?<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>
  /** The policy by which the store computes what it keeps beside the state. Writers use the same. */
  readonly policy?: AccessPolicy | undefined
}

/** @throws KindeWebhookError `invalid_configuration` if the value is not a store */
export function assertStore(store: unknown): void {
  assertMethods(
    'store',
    store,
    ['load', 'save'],
    'pass a store with load() and save(), such as createPostgresStateStore()',
  )
}
