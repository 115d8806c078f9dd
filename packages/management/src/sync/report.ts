import type { Access, BillingChange } from '@kinde-billing/state'
import type { BillingCustomer } from '../customers.js'
import type { KindeManagementError } from '../errors.js'
import type { SyncedCustomer } from './customer.js'

/** The report of `syncAll`: plain JSON, to print it, to keep it, and to resume from it. */
export interface SyncReport {
  /** The version of this form. */
  readonly version: 1
  /** `true` if nothing was saved. */
  readonly dryRun: boolean
  /** `true` once all customers have been read. */
  readonly complete: boolean
  /** The place at which a resumed run continues; `undefined` before the first customer. */
  readonly position: string | undefined
  /** Customers behind `position` that were synced already, because several are synced at once. */
  readonly ahead: readonly string[]
  /**
   * Entries of customers whose states are being saved. A resumed run moves them to `customers` if it finds that they were
   * saved.
   */
  readonly pending: readonly SyncEntry[]
  /** Customers so far. */
  readonly checked: number
  /** Customers whose summary was not what Kinde says. */
  readonly drifted: number
  /** Customers that Kinde listed and did not know any more. Nothing was changed for them. */
  readonly gone: number
  /** Customers that could not be read. Nothing was changed for them. */
  readonly failed: number
  /** One entry for each customer that drifted, is gone or failed. */
  readonly customers: readonly SyncEntry[]
}

/** A customer that drifted, is gone or failed. */
export interface SyncEntry {
  /** The result. */
  readonly status: 'drifted' | 'gone' | 'failed'
  /** The id of the billing customer. */
  readonly customerId: string
  /** The id of the user that it is. */
  readonly userId?: string | undefined
  /** The code of the organization that it is. */
  readonly orgCode?: string | undefined
  /** The key of the state. */
  readonly key?: string | undefined
  /** Kinde's list. */
  readonly kinde?: readonly SyncEntryAgreement[] | undefined
  /** The state's answer before. */
  readonly believed?: SyncEntryBelief | undefined
  /** The state's answer with Kinde's list. */
  readonly follows?: SyncEntryConsequence | undefined
  /** The changes that follow, such as `access_lost`. */
  readonly changes?: readonly BillingChange['type'][] | undefined
  /** Why the customer could not be read: the code and the message of the error. */
  readonly error?: Readonly<Record<'code' | 'message', string>> | undefined
}

/** An agreement in a report. Dates are ISO 8601 text. */
export interface SyncEntryAgreement {
  /** Kinde's id of the agreement. */
  readonly id: string
  /** The code of its plan. */
  readonly planCode: string | undefined
  /** When it expires or expired. */
  readonly expiresOn: string | undefined
  /** When its period ends. */
  readonly periodEndsOn: string | undefined
}

/** A state's answer before a sync. */
export interface SyncEntryBelief {
  /** The access. */
  readonly access: Access
  /** The plan's code, or else its name or id. */
  readonly plan: string | undefined
  /** When its latest event happened. */
  readonly since: string | undefined
}

/** A state's answer with Kinde's list. */
export interface SyncEntryConsequence {
  /** The access. */
  readonly access: Access
  /** The plan's code, or else its name or id. */
  readonly plan: string | undefined
  /** The reason, in one sentence. */
  readonly reason: string
}

/** The result of one customer. */
export type SyncResult =
  | { readonly customer: BillingCustomer; readonly synced: SyncedCustomer | undefined }
  | { readonly customer: BillingCustomer; readonly error: KindeManagementError }

/** A report before the first customer. */
export function emptyReport(dryRun: boolean): SyncReport {
  return {
    version: 1,
    dryRun,
    complete: false,
    position: undefined,
    ahead: [],
    pending: [],
    checked: 0,
    drifted: 0,
    gone: 0,
    failed: 0,
    customers: [],
  }
}

/** Turns a customer's result into its entry; `undefined` if state and Kinde agree. */
export function toEntry(result: SyncResult): SyncEntry | undefined {
  const { customerId, userId, orgCode } = result.customer
  const names = { customerId, ...(userId !== undefined && { userId }), ...(orgCode !== undefined && { orgCode }) }
  if ('error' in result) {
    const { code, message } = result.error
    return { status: code === 'not_found' ? 'gone' : 'failed', ...names, error: { code, message } }
  }
  const { synced } = result
  if (synced === undefined || synced.changes.length === 0) return undefined
  const { key, agreements, before, after, changes } = synced
  return {
    status: 'drifted',
    ...names,
    key,
    kinde: agreements.map(({ id, planCode, expiresOn, periodEndsOn }) => ({
      id,
      planCode,
      expiresOn: expiresOn?.toISOString(),
      periodEndsOn: periodEndsOn?.toISOString(),
    })),
    believed: { access: before.access, plan: planOf(before), since: before.changedAt?.toISOString() },
    follows: { access: after.access, plan: planOf(after), reason: after.reason.text },
    changes: changes.map(({ type }) => type),
  }
}

function planOf({ plan }: SyncedCustomer['before']): string | undefined {
  return plan?.code ?? plan?.name ?? plan?.id
}
