import { BILLING_EVENT_TYPES, type BillingEvent, decodeBillingEvent } from '@kinde-billing/core'
import { applyBillingEvent, type BillingState, summarize } from '@kinde-billing/state'
import { billingEventFixture } from '@kinde-billing/testing'
import { type Course, measure } from './measure.js'

export interface StateSpeed {
  readonly work: string
  readonly perSecond: number
}

/** How many events a customer has lived through before the one that is measured. */
const HISTORIES = [1, 10, 100, 1000] as const

/** One more event for a customer, by how much is known of that customer already; and reading the answer from it. */
export async function measureState(course: Course): Promise<StateSpeed[]> {
  const contestants = HISTORIES.flatMap((length) => {
    const events = history(length * 2)
    const state = events.slice(0, length).reduce<BillingState | undefined>(applyBillingEvent, undefined)
    const later = events.slice(length)
    const now = new Date()
    return [
      {
        name: `apply, after ${length}`,
        run: (index: number) => applyBillingEvent(state, later[index % later.length] ?? fixture(0)),
      },
      { name: `summarize, after ${length}`, run: () => summarize(state, { now }) },
    ]
  })
  const measured = await measure(contestants, course)
  return measured.map(({ name, medianUs }) => ({ work: name, perSecond: 1e6 / medianUs }))
}

/** The events of a customer whose every tenth is a new agreement. */
function history(length: number): BillingEvent[] {
  return Array.from({ length }, (_, index) => fixture(index))
}

function fixture(index: number): BillingEvent {
  const type = BILLING_EVENT_TYPES[index % BILLING_EVENT_TYPES.length] ?? 'customer.plan_changed'
  const timestamp = new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString()
  const data = { agreement_id: `agreement_${Math.floor(index / 10)}` }
  return decodeBillingEvent(billingEventFixture(type, { timestamp, data }))
}
