import { billingRegisters, usageRegisters } from './facts.js'
import { keepFacts } from './keep.js'
import { type BillingState, knownState } from './state.js'

/**
 * What two replicas know of the same customer together: the state that one replica would have after all their events.
 * Commutative, associative and idempotent.
 *
 * @throws {RangeError} where a state is of a version that this release does not know.
 *
 * @example
 * ```ts
 * import { type BillingState, mergeStates } from '@kinde-billing/state'
 *
 * const together = (replicas: BillingState[]): BillingState => replicas.reduce(mergeStates)
 * ```
 */
export function mergeStates(a: BillingState, b: BillingState): BillingState {
  const { version, facts, usage } = knownState(a)
  const other = knownState(b)
  return {
    version,
    facts: keepFacts([...facts, ...other.facts], billingRegisters),
    usage: keepFacts([...usage, ...other.usage], usageRegisters),
  }
}
