import { DiscardEvent, type InboxDelivery, type InboxOutcome } from '@kinde-billing/core/receiver'
import { expect, it } from 'vitest'
import { holdWork, newDelivery, nothing, realTime, settled } from './attempts.js'
import type { Redeliveries, RedeliveringReceiver, Subject } from './subject.js'

const REASON = 'the handler is fixed'
const fail = (): Promise<void> => Promise.reject(new Error('the mail server is down'))

export function redelivery<Tx>({ once, onceElsewhere, recordFailure }: Subject<Tx>, store: Redeliveries): void {
  /** A failed event, whose redelivery is requested. */
  const requested = async (over: Partial<InboxDelivery> = {}): Promise<InboxDelivery> => {
    const delivery = newDelivery(over)
    await settled(once(delivery, fail))
    await store.request([delivery.eventId], REASON)
    return delivery
  }

  /** Redelivers what is requested, and returns what became of each event by its id. */
  const redeliver = async (
    deliveries: readonly InboxDelivery[],
    work: (delivery: InboxDelivery) => Promise<void>,
  ): Promise<Map<string, InboxOutcome>> => {
    const outcomes = new Map<string, InboxOutcome>()
    await store.redeliver(
      receiverOf(deliveries, async (delivery) => {
        const outcome = await onceElsewhere(delivery, () => work(delivery))
        outcomes.set(delivery.eventId, outcome)
        return outcome
      }),
    )
    return outcomes
  }

  it('keeps the claims of an event that failed, until it is done', async () => {
    const delivery = newDelivery()
    await settled(once(delivery, fail))
    expect(await store.keptClaims(delivery.eventId)).toEqual(delivery.claims)
    expect(await once(delivery, nothing)).toBe('processed')
    expect(await store.keptClaims(delivery.eventId)).toBeUndefined()
  })

  it.each([
    ['succeeded', nothing],
    ['was discarded', () => Promise.reject(new DiscardEvent('a plan that no longer exists'))],
  ])('keeps no claims of an event that %s', async (_, work) => {
    const delivery = newDelivery()
    expect(await once(delivery, work)).toBe('processed')
    expect(await store.keptClaims(delivery.eventId)).toBeUndefined()
  })

  it('keeps the claims of an event that failed before its work', async () => {
    const delivery = newDelivery()
    const record = recordFailure()
    expect(record, 'recordFailure').toBeDefined()
    await record?.(delivery, new Error('schema_mismatch'))
    expect(await store.keptClaims(delivery.eventId)).toEqual(delivery.claims)
    await store.request([delivery.eventId], REASON)
    expect((await redeliver([delivery], nothing)).get(delivery.eventId)).toBe('processed')
  })

  it('runs nothing until a redelivery is requested', async () => {
    const delivery = newDelivery()
    await settled(once(delivery, fail))
    expect((await redeliver([delivery], nothing)).has(delivery.eventId)).toBe(false)
  })

  it('runs a requested event once, and marks it', async () => {
    const delivery = await requested()
    const runs: InboxDelivery[] = []
    const work = async (run: InboxDelivery) => void runs.push(run)
    expect((await redeliver([delivery], work)).get(delivery.eventId)).toBe('processed')
    await redeliver([delivery], work)
    expect(runs).toHaveLength(1)
    expect(runs[0]?.claims).toEqual(delivery.claims)
    expect(await once(delivery, nothing)).toBe('duplicate')
    expect(await store.keptClaims(delivery.eventId)).toBeUndefined()
  })

  it('runs a requested event in one of two redeliveries at the same time', async () => {
    const delivery = await requested()
    let runs = 0
    const work = async () => {
      runs += 1
    }
    await Promise.all([redeliver([delivery], work), redeliver([delivery], work)])
    expect(runs).toBe(1)
  })

  it('does not run beside a live attempt, nor after one that succeeded', async () => {
    const delivery = await requested()
    const live = holdWork(once, delivery)
    await live.started
    const ran: string[] = []
    const work = async ({ eventId }: InboxDelivery) => void ran.push(eventId)
    const redelivering = redeliver([delivery], work)
    // A store with one connection makes the redelivery wait for the live attempt.
    await Promise.race([redelivering, realTime(50)])
    live.finish()
    await redelivering
    expect(await live.outcome).toEqual({ status: 'fulfilled', value: 'processed' })
    await redeliver([delivery], work)
    expect(ran).not.toContain(delivery.eventId)
  })

  it('answers a live attempt during a redelivery that another attempt is in progress', async () => {
    const delivery = await requested()
    const answers: InboxOutcome[] = []
    await redeliver([delivery], async () => void answers.push(await once(delivery, nothing)))
    expect(answers).toEqual(['in_progress'])
    expect(await once(delivery, nothing)).toBe('duplicate')
  })

  it('keeps the claims of an event whose redelivery failed, and runs the next live attempt', async () => {
    const delivery = await requested()
    await redeliver([delivery], fail)
    expect(await store.keptClaims(delivery.eventId)).toEqual(delivery.claims)
    expect(await once(delivery, nothing)).toBe('processed')
  })

  it("redelivers one customer's events in the order in which they happened", async () => {
    const customer = `customer_${crypto.randomUUID()}`
    const deliveries: InboxDelivery[] = []
    for (const day of [1, 2, 3, 4])
      deliveries.push(await requested({ customer, occurredAt: new Date(Date.UTC(2026, 4, day)) }))
    const ran: string[] = []
    await redeliver(deliveries, async ({ eventId }) => void ran.push(eventId))
    expect(ran).toEqual(deliveries.map(({ eventId }) => eventId))
  })

  it("erases one customer's claims, and keeps marks and other customers' claims", async () => {
    const [erased, kept] = ['erased', 'kept'].map((part) => `${part}_${crypto.randomUUID()}`)
    const [failed, done, other] = [
      newDelivery({ customer: erased }),
      newDelivery({ customer: erased }),
      newDelivery({ customer: kept }),
    ]
    await settled(once(failed, fail))
    await once(done, nothing)
    await settled(once(other, fail))
    await store.erase(erased ?? '')
    expect(await store.keptClaims(failed.eventId)).toBeUndefined()
    expect(await store.keptClaims(other.eventId)).toEqual(other.claims)
    expect(await once(done, nothing)).toBe('duplicate')
    expect(await once(failed, nothing)).toBe('processed')
  })
}

/** A receiver that knows these deliveries, and handles stored claims as the real one does: `once` with `redelivery: true`. */
function receiverOf(
  deliveries: readonly InboxDelivery[],
  run: (delivery: InboxDelivery) => Promise<InboxOutcome>,
): RedeliveringReceiver {
  return {
    name: 'billing',
    async redeliver(claims) {
      const delivery = deliveries.find(({ eventId }) => eventId === claims['event_id'])
      // A store that is not empty may hold requests of another case.
      if (delivery === undefined) return { outcome: 'ignored', status: 200, durationMs: 0 }
      try {
        const outcome = await run({ ...delivery, claims, redelivery: true })
        return outcome === 'in_progress'
          ? { outcome: 'delivery_in_progress', status: 409, durationMs: 0 }
          : { outcome, status: 200, durationMs: 0 }
      } catch {
        return { outcome: 'handler_failed', status: 500, durationMs: 0 }
      }
    },
  }
}
