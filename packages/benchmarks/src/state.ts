import { BILLING_EVENT_TYPES, type BillingEvent, decodeBillingEvent } from '@kinde-billing/core'
import { applyBillingEvent, type BillingState, summarize } from '@kinde-billing/state'
import { billingEventFixture } from '@kinde-billing/testing'
import { type Course, measure, spreadPercent } from './measure.js'

export interface StateSpeed {
  readonly work: string
  readonly perSecond: number
  readonly spreadPercent: number
  /** The size of the state as JSON, in bytes. */
  readonly bytes: number
}

/** How many events a customer has had before the one that is measured. */
const HISTORIES = [1, 10, 100, 1000, 10_000] as const

/** A handful: the size of a state depends on them. */
const AGREEMENTS = 4
const METERS = 3

/** One more event for a customer, by how much is known of that customer already; and reading the answer from it. */
export async function measureState(course: Course): Promise<StateSpeed[]> {
  const sizes = new Map<string, number>()
  const contestants = HISTORIES.flatMap((length) => {
    const events = Array.from({ length: length + 100 }, (_, index) => fixture(index))
    const state = events.slice(0, length).reduce<BillingState | undefined>(applyBillingEvent, undefined)
    const later = events.slice(length)
    const now = new Date()
    const names = [`apply, after ${length}`, `summarize, after ${length}`] as const
    for (const name of names) sizes.set(name, Buffer.byteLength(JSON.stringify(state)))
    return [
      {
        name: names[0],
        run: (index: number) => applyBillingEvent(state, later[index % later.length] ?? fixture(0)),
      },
      { name: names[1], run: () => summarize(state, { now }) },
    ]
  })
  const measured = await measure(contestants, course)
  return measured.map((one) => ({
    work: one.name,
    perSecond: 1e6 / one.medianUs,
    spreadPercent: spreadPercent(one),
    bytes: sizes.get(one.name) ?? 0,
  }))
}

/** The events of a customer with a handful of agreements and meters. */
function fixture(index: number): BillingEvent {
  const type = BILLING_EVENT_TYPES[index % BILLING_EVENT_TYPES.length] ?? 'customer.plan_changed'
  const timestamp = new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString()
  const turn = Math.floor(index / BILLING_EVENT_TYPES.length)
  const data = { agreement_id: `agreement_${turn % AGREEMENTS}`, meter_id: `meter_${turn % METERS}` }
  return decodeBillingEvent(billingEventFixture(type, { timestamp, data }))
}
