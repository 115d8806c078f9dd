import { assertFunction, assertMethods, assertType } from '@kinde-billing/core/internal'
import {
  applySnapshot,
  type BillingChange,
  type BillingSnapshot,
  type BillingStateStore,
  type BillingSummary,
  customerKey,
  summarize,
  type UpdateBillingStateOptions,
  updateBillingState,
} from '@kinde-billing/state'
import type { Agreement } from '../agreements.js'
import type { ManagementClient } from '../client.js'
import { KindeManagementError } from '../errors.js'
import { asManagementError, refuseUnknownOptions } from '../options.js'

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

const IDENTITY: readonly (keyof SyncIdentity)[] = ['customerId', 'userId', 'orgCode']
const TARGET_OPTIONS = ['client', 'store', 'key', 'onChange', 'scheduleReview', 'policy', 'dryRun', 'now']

/**
 * Validates the options that {@link syncCustomer} and `syncAll` share, and refuses unknown ones.
 *
 * @throws KindeManagementError `invalid_configuration`
 */
export function assertSyncOptions<Tx, Version>(
  where: string,
  options: SyncTarget<Tx, Version>,
  others: readonly string[],
): void {
  refuseUnknownOptions(where, options, [...TARGET_OPTIONS, ...others])
  asManagementError(() => {
    const { client, store, policy } = options
    assertMethods('client', client, ['agreements', 'customers', 'customerOf'], 'pass createManagementClient()')
    assertMethods('store', store, ['load', 'save'], 'pass the store of your webhook handler')
    for (const name of ['key', 'onChange', 'scheduleReview', 'now'] as const) assertFunction(name, options[name])
    assertType('dryRun', options.dryRun, 'boolean')
    // a mistake in the policy shows here, not after the first question to Kinde
    summarize(undefined, { now: 0, policy })
  })
}

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
  assertSyncOptions('syncCustomer', options, IDENTITY)
  const customerId = await resolveCustomerId(options)
  if (customerId === undefined) return undefined
  const { userId, orgCode } = options
  const reading = await readCustomer(options, { customerId, userId, orgCode })
  return reading && applyReading(options, reading)
}

async function resolveCustomerId<Tx, Version>({
  client,
  customerId,
  userId,
  orgCode,
}: SyncCustomerOptions<Tx, Version>): Promise<string | undefined> {
  asManagementError(() => {
    for (const [name, value] of Object.entries({ customerId, userId, orgCode })) assertType(name, value, 'string')
  })
  if (customerId !== undefined && customerId.trim() !== '') return customerId
  if (userId !== undefined && orgCode === undefined) return client.customerOf({ userId })
  if (orgCode !== undefined && userId === undefined) return client.customerOf({ orgCode })
  throw new KindeManagementError(
    'invalid_configuration',
    'syncCustomer takes one of customerId, userId and orgCode: pass the one that you know.',
  )
}

/** A customer as Kinde has listed it. */
export interface CustomerReading {
  readonly customerId: string
  /** The key of the state. */
  readonly key: string
  readonly agreements: readonly Agreement[]
  readonly snapshot: BillingSnapshot
}

/**
 * Reads a customer whose id is known.
 *
 * @returns `undefined` if `key` skips the customer.
 */
export async function readCustomer<Tx, Version>(
  { client, key: keyOf = customerKey, now = Date.now }: SyncTarget<Tx, Version>,
  { customerId, userId, orgCode }: SyncIdentity,
): Promise<CustomerReading | undefined> {
  const key = keyOf({ customerId, userId, orgCode })
  if (key === undefined) return undefined
  const { observedAt, agreements } = await readAsOf(client, customerId, now)
  const snapshot: BillingSnapshot = {
    observedAt,
    // agreements() has read the list to its end, or has thrown
    complete: true,
    agreements,
    customer: { id: customerId, orgCode, userId },
  }
  return { customerId, key, agreements, snapshot }
}

/** Applies what was read to the stored state. */
export async function applyReading<Tx, Version>(
  { store, onChange, scheduleReview, policy, dryRun, now }: SyncTarget<Tx, Version>,
  { customerId, key, agreements, snapshot }: CustomerReading,
): Promise<SyncedCustomer> {
  const update = { store, key, cause: 'sync', onChange, scheduleReview, policy, dryRun, now } as const
  return {
    customerId,
    key,
    agreements,
    ...(await updateBillingState(update, (state) => applySnapshot(state, snapshot))),
  }
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
