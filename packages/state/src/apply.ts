import { assertKnownOptions, assertObject } from '@kinde-billing/core/internal'
import { factsOfEvent, type StateEvent, text } from './facts.js'
import {
  addToState,
  type BillingState,
  type CustomerName,
  type CustomerNames,
  customerNames,
  knownState,
} from './state.js'

/** The options of {@link applyBillingEvent}. */
export interface ApplyOptions {
  /**
   * When the event arrived. Of several receipts the earliest is kept. A cancellation waits `cancellationGraceMs` from its
   * receipt if that is later than its own time.
   */
  readonly receivedAt?: Date | undefined
}

/**
 * Applies one event, in any order and any number of times. The given state is not changed; if the event adds nothing, the
 * same object is returned.
 *
 * Pass it the events of one customer only: `customerKey` returns the key of the customer that an event belongs to.
 *
 * @param state - The state so far; `undefined` at a customer's first event.
 * @param event - The event.
 * @param options - When it arrived. A number is ignored, so that the function can be passed to `reduce`.
 * @returns The new state: plain JSON.
 * @throws {RangeError} if the state has a version that this release does not know.
 * @throws {TypeError} if `event.occurredAt` is not a valid date.
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
  options?: ApplyOptions | number,
): BillingState {
  assertObject('event', event, 'pass the event as core decoded it')
  const receivedAt = typeof options === 'object' ? readReceivedAt(options) : undefined
  const facts = factsOfEvent(event, receivedAt)
  return addToState(knownState(state), namesAt(event.occurredAt.getTime(), event.customer), facts)
}

function readReceivedAt(options: ApplyOptions): Date | undefined {
  assertKnownOptions('applyBillingEvent', options, ['receivedAt'])
  return options.receivedAt
}

/** The names of a customer, as a fact of that moment gives them. */
export function namesAt(
  at: number,
  customer: {
    readonly id?: string | undefined
    readonly orgCode?: string | undefined
    readonly userId?: string | undefined
  },
): CustomerNames {
  const name = (value: string | undefined): CustomerName | undefined => {
    const known = text(value)
    return known === undefined ? undefined : { value: known, at }
  }
  return customerNames(name(customer.id), name(customer.orgCode), name(customer.userId))
}
