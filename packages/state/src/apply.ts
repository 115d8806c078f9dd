import { billingFact, billingRegisters, type StateEvent, usageFact, usageRegisters } from './facts.js'
import { keepFacts } from './keep.js'
import { type BillingState, knownState } from './state.js'

/** The options of {@link applyBillingEvent}. */
export interface ApplyOptions {
  /** When the event arrived. The earliest receipt is kept. */
  readonly receivedAt?: Date | undefined
}

/**
 * The state after one more event, in whatever order events come and however often. The given state is not changed; where
 * the event adds nothing, it is the very object that is returned.
 *
 * Give it the events of one customer only: `customerKey` says whose an event is.
 *
 * @param state - What was known before; `undefined` at the customer's first event.
 * @throws {RangeError} where the state is of a version that this release does not know.
 * @throws {TypeError} where `event.occurredAt` is not a valid date.
 *
 * @example
 * ```ts
 * import type { BillingEvent } from '@kinde-billing/core'
 * import { applyBillingEvent, type BillingState } from '@kinde-billing/state'
 *
 * const stateOf = (events: BillingEvent[]): BillingState | undefined =>
 *   events.reduce<BillingState | undefined>(applyBillingEvent, undefined)
 * ```
 */
export function applyBillingEvent(
  state: BillingState | undefined,
  event: StateEvent,
  // `reduce` passes an index here
  _options?: ApplyOptions | number,
): BillingState {
  const before = knownState(state)
  if (event.type === 'customer.meter_usage_updated') {
    const usage = keepFacts([...before.usage, usageFact(event)], usageRegisters)
    return isUnchanged(before.usage, usage) ? before : { ...before, usage }
  }
  const facts = keepFacts([...before.facts, billingFact(event)], billingRegisters)
  return isUnchanged(before.facts, facts) ? before : { ...before, facts }
}

function isUnchanged(before: readonly unknown[], after: readonly unknown[]): boolean {
  return before.length === after.length && after.every((fact, index) => fact === before[index])
}
