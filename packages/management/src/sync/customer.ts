import {
  applySnapshot,
  type BillingChange,
  type BillingSnapshot,
  type BillingStateStore,
  type BillingSummary,
  customerKey,
  diffSummaries,
  summarize,
  type UpdateBillingStateOptions,
  updateBillingState,
} from '@kinde-billing/state'
import type { Agreement } from '../agreements.js'
import type { ManagementClient } from '../client.js'
import { KindeManagementError } from '../errors.js'
import { refuseUnknownOptions } from '../options.js'

/** The names of a billing customer, as far as they are known. */
export interface SyncIdentity {
  /** The id of the billing customer. */
  readonly customerId: string
  /** The id of the user that it is. */
  readonly userId?: string | undefined
  /** The code of the organization that it is. */
  readonly orgCode?: string | undefined
}

/** The options that `syncCustomer` and `syncAll` share. */
export interface SyncTarget<Tx = unknown, Version = unknown>
  extends Pick<UpdateBillingStateOptions<Tx, Version>, 'onChange' | 'scheduleReview' | 'policy'> {
  /** The management client. */
  readonly client: Pick<ManagementClient, 'agreements' | 'customers' | 'customerOf'>
  /** The store that the webhook handler uses, too. */
  readonly store: BillingStateStore<Tx, Version>
  /** The key of a customer's state, as the webhook handler has it. Default: `customerKey`. `undefined` skips a customer. */
  readonly key?: ((customer: SyncIdentity) => string | undefined) | undefined
  /** Save nothing and call nothing: only say what would change. Default: `false`. */
  readonly dryRun?: boolean | undefined
  /** The clock, in epoch milliseconds. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
}

/** Options of {@link syncCustomer}: a target, and a name of the customer. */
export interface SyncCustomerOptions<Tx = unknown, Version = unknown> extends SyncTarget<Tx, Version> {
  /** The id of the billing customer. Default: asked for by `userId` or `orgCode`. */
  readonly customerId?: string | undefined
  /** The id of the user that is the customer. */
  readonly userId?: string | undefined
  /** The code of the organization that is the customer. */
  readonly orgCode?: string | undefined
}

/** The result of a sync of one customer. */
export interface SyncedCustomer {
  /** The id of the billing customer. */
  readonly customerId: string
  /** The key of the state. */
  readonly key: string
  /** Kinde's list. */
  readonly agreements: readonly Agreement[]
  /** The summary of the state before. */
  readonly before: BillingSummary
  /** The summary now, or as it would be after a dry run. */
  readonly after: BillingSummary
  /** The changes, made or possible. */
  readonly changes: readonly BillingChange[]
  /** `true` if the state was saved. */
  readonly saved: boolean
}

const TARGET_OPTIONS = ['client', 'store', 'key', 'onChange', 'scheduleReview', 'policy', 'dryRun', 'now']
/** The options that {@link syncCustomer} and `syncAll` have in common. */
export const SYNC_OPTIONS: readonly string[] = TARGET_OPTIONS

/**
 * Reads a customer's agreements from Kinde and applies them to the state, like an event.
 *
 * Anything but a list that was read to its end throws and changes nothing: an error never means "no agreements". The list
 * counts as of the moment before it was asked for, so an event that arrives meanwhile wins. `onChange` is called with
 * `cause: 'sync'`.
 *
 * @param options The client, the store, and one of `customerId`, `userId` and `orgCode`.
 * @returns what was found and changed; `undefined` if the user or organization is not a billing customer.
 * @throws KindeManagementError Rejects with what the store and `onChange` throw, too.
 *
 * @example
 * ```ts
 * import { createManagementClient, syncCustomer } from '@kinde-billing/management'
 * import type { BillingStateStore } from '@kinde-billing/state'
 *
 * const client = createManagementClient()
 *
 * // on the page to which the checkout returns: webhooks may still be on their way
 * export async function hasAccess(store: BillingStateStore, orgCode: string): Promise<boolean> {
 *   const synced = await syncCustomer({ client, store, orgCode })
 *   return synced?.after.hasAccess ?? false
 * }
 * ```
 */
export async function syncCustomer<Tx = unknown, Version = unknown>(
  options: SyncCustomerOptions<Tx, Version>,
): Promise<SyncedCustomer | undefined> {
  refuseUnknownOptions('syncCustomer', options, [...SYNC_OPTIONS, 'customerId', 'userId', 'orgCode'])
  const customerId = await resolveCustomerId(options)
  if (customerId === undefined) return undefined
  const { userId, orgCode } = options
  return syncIdentity(options, { customerId, userId, orgCode })
}

async function resolveCustomerId<Tx, Version>({
  client,
  customerId,
  userId,
  orgCode,
}: SyncCustomerOptions<Tx, Version>): Promise<string | undefined> {
  if (customerId !== undefined && customerId.trim() !== '') return customerId
  if (userId !== undefined && orgCode === undefined) return client.customerOf({ userId })
  if (orgCode !== undefined && userId === undefined) return client.customerOf({ orgCode })
  throw new KindeManagementError(
    'invalid_configuration',
    'syncCustomer takes one of customerId, userId and orgCode: pass the one that you know.',
  )
}

/** Syncs a customer whose id is known. */
export async function syncIdentity<Tx, Version>(
  target: SyncTarget<Tx, Version>,
  identity: SyncIdentity,
): Promise<SyncedCustomer | undefined> {
  const { client, key: keyOf = customerKey, now = Date.now } = target
  const { customerId, userId, orgCode } = identity
  const key = keyOf(identity)
  if (key === undefined) return undefined
  const { observedAt, agreements } = await readAsOf(client, customerId, now)
  const snapshot: BillingSnapshot = {
    observedAt,
    // agreements() has read the list to its end, or has thrown
    complete: true,
    agreements,
    customer: { id: customerId, orgCode, userId },
  }
  const update = target.dryRun === true ? preview(target, key, snapshot) : save(target, key, snapshot)
  return { customerId, key, agreements, ...(await update) }
}

/**
 * The list counts as of the moment before its request, by the earlier of both clocks: if this machine's clock runs ahead, a
 * list "from the future" would beat the events that Kinde sends until then.
 */
async function readAsOf(
  client: SyncTarget['client'],
  customerId: string,
  now: () => number,
): Promise<{ observedAt: Date; agreements: Agreement[] }> {
  const startedAt = now()
  let observedAt = startedAt
  const agreements = await client.agreements(customerId, {
    onDate(date) {
      // the answer's date is that of its end
      const elapsed = Math.max(0, now() - startedAt)
      observedAt = Math.min(observedAt, date.getTime() - elapsed)
    },
  })
  return { observedAt: new Date(observedAt), agreements }
}

type Update = Pick<SyncedCustomer, 'before' | 'after' | 'changes' | 'saved'>

function save<Tx, Version>(target: SyncTarget<Tx, Version>, key: string, snapshot: BillingSnapshot): Promise<Update> {
  const { store, onChange, scheduleReview, policy, now } = target
  return updateBillingState({ store, key, cause: 'sync', onChange, scheduleReview, policy, now }, (state) =>
    applySnapshot(state, snapshot),
  )
}

/** Undoes the transaction in which a dry run has loaded the state: loading can create and lock a row. */
class DryRunEnd extends Error {
  readonly update: Update

  constructor(update: Update) {
    super('end of a dry run')
    this.update = update
  }
}

async function preview<Tx, Version>(
  { store, policy = store.policy, now = Date.now }: SyncTarget<Tx, Version>,
  key: string,
  snapshot: BillingSnapshot,
): Promise<Update> {
  async function compare(tx: Tx): Promise<Update> {
    const stored = await store.load(key, { tx })
    const state = applySnapshot(stored?.state, snapshot)
    const moment = { now: now(), policy }
    // as a run that saves: of a review that is overdue, nothing has been reported yet
    const reportedUntil = Math.min(moment.now, (stored?.reviewAt?.getTime() ?? Number.POSITIVE_INFINITY) - 1)
    const before = summarize(stored?.state, state === stored?.state ? moment : { ...moment, now: reportedUntil })
    const after = summarize(state, moment)
    return { before, after, changes: diffSummaries(before, after), saved: false }
  }
  // A store without transactions takes none: its Tx is undefined or unknown.
  if (store.transaction === undefined) return compare(undefined as Tx)
  return store
    .transaction<Update>(async (tx) => {
      throw new DryRunEnd(await compare(tx))
    })
    .catch((error: unknown) => {
      if (error instanceof DryRunEnd) return error.update
      throw error
    })
}
