import { assertKnownOptions } from '@kinde-billing/core/internal'
import type { AccessPolicy } from './access-table.js'
import { type BillingChange, diffSummaries } from './diff.js'
import type { BillingState } from './state.js'
import type { BillingStateStore, StoredState } from './store.js'
import { type BillingSummary, summarize } from './summarize.js'

/** Why a summary changed: a billing event arrived, a snapshot was applied, or time has passed. */
export type ChangeCause = 'event' | 'sync' | 'review'

/** The circumstances of a change, given to every `onChange`. */
export interface BillingChangeContext<Tx = unknown> {
  /** The key of the customer's state. */
  readonly key: string
  /** Why the summary changed. Hold back mails on `sync`, for instance. */
  readonly cause: ChangeCause
  /** The summary before the change. */
  readonly before: BillingSummary
  /** The summary after the change. */
  readonly after: BillingSummary
  /** The transaction in which the state was saved, if the store has transactions. */
  readonly tx: Tx
}

/** The options of {@link updateBillingState}. */
export interface UpdateBillingStateOptions<Tx = unknown, Version = unknown> {
  /** The store. */
  readonly store: BillingStateStore<Tx, Version>
  /** The key of the customer's state, as `customerKey` builds it. */
  readonly key: string
  /** Why the state changes. */
  readonly cause: ChangeCause
  /** The transaction to write in. Default: one of the store's own, if it has transactions. */
  readonly tx?: Tx | undefined
  /** Called with what changed, after the state was saved and in the same transaction. Not called if nothing changed. */
  readonly onChange?: ((changes: readonly BillingChange[], context: BillingChangeContext<Tx>) => unknown) | undefined
  /** Called if time alone changes the summary at another moment than before. */
  readonly scheduleReview?: ((reviewAt: Date, context: BillingChangeContext<Tx>) => unknown) | undefined
  /** The rules for reading the state. Default: the store's policy. */
  readonly policy?: AccessPolicy | undefined
  /** The present, in epoch milliseconds. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
  /** How often the state is loaded and saved before giving up. Default: 1000. */
  readonly maxAttempts?: number | undefined
}

/** The result of {@link updateBillingState}. */
export interface UpdatedBillingState {
  /** False if the new facts were known already: nothing was saved. */
  readonly saved: boolean
  /** The differences. */
  readonly changes: readonly BillingChange[]
  /** The summary before. */
  readonly before: BillingSummary
  /** The summary after. */
  readonly after: BillingSummary
}

/**
 * Loads a state, changes it and saves it, again if another writer was faster, and reports what changed.
 *
 * @param change - Returns the new state, or the same object if there is nothing new. Called once per attempt; pure.
 * @throws KindeWebhookError `invalid_configuration` for an unknown option.
 * @throws {Error} after `maxAttempts` lost races. Rejects with what the store, `change` and `onChange` throw.
 *
 * @example
 * ```ts
 * import { applySnapshot, type BillingSnapshot, type BillingStateStore, updateBillingState } from '@kinde-billing/state'
 *
 * const sync = (store: BillingStateStore, key: string, snapshot: BillingSnapshot) =>
 *   updateBillingState({ store, key, cause: 'sync' }, (state) => applySnapshot(state, snapshot))
 * ```
 */
export async function updateBillingState<Tx, Version>(
  options: UpdateBillingStateOptions<Tx, Version>,
  change: (state: BillingState | undefined) => BillingState,
): Promise<UpdatedBillingState> {
  assertKnownOptions('updateBillingState', options, OPTIONS)
  const { store, tx } = options
  if (tx === undefined && store.transaction !== undefined)
    return await store.transaction((own) => updateIn(own, options, change))
  return await updateIn(tx as Tx, options, change)
}

const OPTIONS: readonly (keyof UpdateBillingStateOptions)[] = [
  'store',
  'key',
  'cause',
  'tx',
  'onChange',
  'scheduleReview',
  'policy',
  'now',
  'maxAttempts',
]

async function updateIn<Tx, Version>(
  tx: Tx,
  options: UpdateBillingStateOptions<Tx, Version>,
  change: (state: BillingState | undefined) => BillingState,
): Promise<UpdatedBillingState> {
  const { store, key, maxAttempts = 1000 } = options
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const stored = await store.load(key, { tx })
    const state = change(stored?.state)
    const saved = state !== stored?.state
    if (saved && (await store.save(key, state, stored?.version, { tx })) === false) continue
    return await report(tx, options, stored, state)
  }
  throw new Error(
    `The state of ${JSON.stringify(key)} could not be saved: save returned false ${maxAttempts} times (maxAttempts). ` +
      'It must return false only if another writer has stored a newer version.',
  )
}

async function report<Tx, Version>(
  tx: Tx,
  options: UpdateBillingStateOptions<Tx, Version>,
  stored: StoredState<Version> | undefined,
  state: BillingState,
): Promise<UpdatedBillingState> {
  const { store, key, cause, onChange, scheduleReview } = options
  const moment = { now: (options.now ?? Date.now)(), policy: options.policy ?? store.policy }
  if (state === stored?.state) {
    const before = summarize(state, moment)
    return { saved: false, changes: [], before, after: before }
  }
  // of a review that is overdue, nothing has been reported yet
  const reportedUntil = Math.min(moment.now, (stored?.reviewAt?.getTime() ?? Number.POSITIVE_INFINITY) - 1)
  const before = summarize(stored?.state, { ...moment, now: reportedUntil })
  const after = summarize(state, moment)
  const changes = diffSummaries(before, after)
  const context = { key, cause, before, after, tx }
  if (changes.length > 0) await onChange?.(changes, context)
  if (after.reviewAt && after.reviewAt.getTime() !== before.reviewAt?.getTime())
    await scheduleReview?.(after.reviewAt, context)
  return { saved: true, changes, before, after }
}
