import { addToState, type BillingState, knownState } from './state.js'

/**
 * Merges the states that two replicas have of one customer: the result is the state of all their events and snapshots.
 * Commutative, associative and idempotent.
 *
 * @throws {RangeError} if a state has a version that this release does not know.
 *
 * @example
 * ```ts
 * import { type BillingState, mergeStates } from '@kinde-billing/state'
 *
 * const together = (replicas: BillingState[]): BillingState => replicas.reduce(mergeStates)
 * ```
 */
export function mergeStates(a: BillingState, b: BillingState): BillingState {
  const { customer, lists } = knownState(b)
  return addToState(knownState(a), customer, lists)
}
