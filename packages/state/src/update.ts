import { assertFunction, assertKnownOptions, assertType, invalidConfiguration } from '@kinde-billing/core/internal'
import { type AccessPolicy, resolvePolicy } from './access-table.js'
import { type BillingChange, diffSummaries } from './diff.js'
import type { BillingState } from './state.js'
import { assertStore, type BillingStateStore, type StoredState } from './store.js'
import { type BillingSummary, summarize } from './summarize.js'

/** Why a summary changed: a billing event arrived, a snapshot was applied, or time has passed. */
export type ChangeCause = 'event' | 'sync' | 'review'

const CAUSES: readonly ChangeCause[] = ['event', 'sync', 'review']

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
  /** Save nothing and call nothing: only say what would change. Default: `false`. */
  readonly dryRun?: boolean | undefined
}

/** The result of {@link updateBillingState}. */
export interface UpdatedBillingState {
  /** False if nothing was saved: in a dry run, or if the new facts were known already. */
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
 * @throws KindeWebhookError `invalid_configuration` for an option that is unknown or wrong.
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
  assertOptions(options)
  assertFunction('change', change)
  const { store, tx, dryRun } = options
  if (tx !== undefined || store.transaction === undefined) return await updateIn(tx as Tx, options, change)
  if (dryRun !== true) return await store.transaction((own) => updateIn(own, options, change))
  return await store
    .transaction<UpdatedBillingState>(async (own) => {
      throw new DryRunEnd(await updateIn(own, options, change))
    })
    .catch((error: unknown) => {
      if (error instanceof DryRunEnd) return error.result
      throw error
    })
}

/** Undoes the transaction in which a dry run has loaded the state: loading can create and lock a row. */
class DryRunEnd extends Error {
  readonly result: UpdatedBillingState

  constructor(result: UpdatedBillingState) {
    super('end of a dry run')
    this.result = result
  }
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
  'dryRun',
]

function assertOptions<Tx, Version>(options: UpdateBillingStateOptions<Tx, Version>): void {
  assertKnownOptions('updateBillingState', options, OPTIONS)
  const { store, key, cause, policy, dryRun, maxAttempts } = options
  assertStore(store)
  if (typeof key !== 'string' || key === '')
    throw invalidConfiguration('key', key, 'pass the key of a customer, such as customerKey(event)')
  if (!CAUSES.includes(cause)) throw invalidConfiguration('cause', cause, `pass one of ${CAUSES.join(', ')}`)
  for (const name of ['onChange', 'scheduleReview', 'now'] as const) assertFunction(name, options[name])
  assertType('dryRun', dryRun, 'boolean')
  assertMaxAttempts(maxAttempts)
  resolvePolicy(policy)
}

/** @throws KindeWebhookError `invalid_configuration` */
export function assertMaxAttempts(value: unknown): void {
  if (value === undefined || (typeof value === 'number' && value >= 1)) return
  throw invalidConfiguration('maxAttempts', value, 'pass 1 or more, or leave it out for 1000')
}

async function updateIn<Tx, Version>(
  tx: Tx,
  options: UpdateBillingStateOptions<Tx, Version>,
  change: (state: BillingState | undefined) => BillingState,
): Promise<UpdatedBillingState> {
  const { store, key, dryRun = false, maxAttempts = 1000 } = options
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const stored = await store.load(key, { tx })
    const state = change(stored?.state)
    const isNew = state !== stored?.state
    if (isNew && !dryRun && (await store.save(key, state, stored?.version, { tx })) === false) continue
    const difference = compare(options, stored, state)
    const saved = isNew && !dryRun
    if (saved) await report(tx, options, difference)
    return { saved, ...difference }
  }
  throw new Error(
    `The state of ${JSON.stringify(key)} could not be saved: save returned false ${maxAttempts} times (maxAttempts). ` +
      'It must return false only if another writer has stored a newer version.',
  )
}

type Difference = Pick<UpdatedBillingState, 'before' | 'after' | 'changes'>

function compare<Tx, Version>(
  { store, policy = store.policy, now = Date.now }: UpdateBillingStateOptions<Tx, Version>,
  stored: StoredState<Version> | undefined,
  state: BillingState,
): Difference {
  const moment = { now: now(), policy }
  const after = summarize(state, moment)
  if (state === stored?.state) return { before: after, after, changes: [] }
  // of a review that is overdue, nothing has been reported yet
  const reportedUntil = Math.min(moment.now, (stored?.reviewAt?.getTime() ?? Number.POSITIVE_INFINITY) - 1)
  const before = summarize(stored?.state, { ...moment, now: reportedUntil })
  return { before, after, changes: diffSummaries(before, after) }
}

async function report<Tx, Version>(
  tx: Tx,
  { key, cause, onChange, scheduleReview }: UpdateBillingStateOptions<Tx, Version>,
  { before, after, changes }: Difference,
): Promise<void> {
  const context = { key, cause, before, after, tx }
  if (changes.length > 0) await onChange?.(changes, context)
  if (after.reviewAt && after.reviewAt.getTime() !== before.reviewAt?.getTime())
    await scheduleReview?.(after.reviewAt, context)
}
