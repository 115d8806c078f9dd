import { assertObject } from '@kinde-billing/core/internal'
import { namesAt } from './apply.js'
import { compareText, type Fact, type FactList, text, time } from './facts.js'
import { addToState, type BillingState, knownState } from './state.js'

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

/** A read of a customer's agreements from Kinde's Management API. */
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
        /** The billing customer's id. */
        readonly id?: string | undefined
        /** The organization's code. */
        readonly orgCode?: string | undefined
        /** The user's id. */
        readonly userId?: string | undefined
      }
    | undefined
}

/**
 * Applies what Kinde's API said of a customer's agreements, in any order with events and other snapshots. The given state
 * is not changed; if the snapshot adds nothing, the same object is returned.
 *
 * @param state - The state so far; `undefined` for a new customer.
 * @param snapshot - What was read.
 * @returns The new state: plain JSON.
 * @throws {RangeError} if the state has a version that this release does not know.
 * @throws {TypeError} if `observedAt` is not a valid date, `complete` is not a boolean, or an agreement has no id.
 *
 * @example
 * ```ts
 * import { applySnapshot, summarize } from '@kinde-billing/state'
 *
 * const state = applySnapshot(undefined, {
 *   observedAt: new Date(), // before the request
 *   complete: true,
 *   agreements: [{ id: 'agreement_0195', planCode: 'pro', features: ['exports'] }],
 * })
 * summarize(state, { now: Date.now() }).plan?.code // 'pro'
 * ```
 */
export function applySnapshot(state: BillingState | undefined, snapshot: BillingSnapshot): BillingState {
  assertObject('snapshot', snapshot, 'pass { observedAt, complete, agreements }')
  const at = time(snapshot.observedAt)
  if (at === undefined)
    throw new TypeError('snapshot.observedAt is not a valid Date: pass the moment before the request was sent.')
  // left out or misspelled, it would quietly end nothing
  if (typeof snapshot.complete !== 'boolean')
    throw new TypeError('snapshot.complete must be true or false: was the list read to its end?')
  const lists = snapshot.agreements.map((agreement) => listedFact(at, agreement))
  if (snapshot.complete) lists.push({ type: 'list_complete', facts: [{ at }] })
  return addToState(knownState(state), namesAt(at, snapshot.customer ?? {}), lists)
}

function listedFact(at: number, agreement: SnapshotAgreement): FactList {
  const id = text(agreement.id)
  // an agreement without an id must not look like one that is missing from the list
  if (id === undefined) throw new TypeError('snapshot.agreements: each agreement needs its id.')
  const code = text(agreement.planCode)
  const [expiresOn, periodEndsOn] = [time(agreement.expiresOn), time(agreement.periodEndsOn)]
  const fact: Fact = {
    at,
    ...(code !== undefined && { plan: { code } }),
    ...(expiresOn !== undefined && { expiresOn }),
    ...(periodEndsOn !== undefined && { periodEndsOn }),
    ...(agreement.features && { features: [...new Set(agreement.features)].sort(compareText) }),
  }
  return { type: 'agreement_listed', agreement: id, facts: [fact] }
}
