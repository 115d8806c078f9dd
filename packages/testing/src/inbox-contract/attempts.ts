import type { DeliveryInbox, InboxDelivery, InboxOutcome } from '@kinde-billing/core/receiver'

const HOUR_MS = 3_600_000

/** Makes a delivery of an event and a customer that no other case uses. */
export function newDelivery(over: Partial<InboxDelivery> = {}): InboxDelivery {
  const eventId = over.eventId ?? `event_${crypto.randomUUID()}`
  const { customer = `customer_${crypto.randomUUID()}`, occurredAt = new Date('2026-05-01T07:41:45.592Z') } = over
  const type = 'customer.payment_succeeded'
  const timestamp = occurredAt.toISOString()
  return {
    key: `https://acme.kinde.com billing ${eventId}`,
    eventId,
    type,
    occurredAt,
    customer,
    claims: { type, event_id: eventId, timestamp, event_timestamp: timestamp, data: { customer_id: customer } },
    leaseMs: 60_000,
    retentionMs: HOUR_MS,
    redelivery: false,
    answered: new AbortController().signal,
    ...over,
  }
}

/** Work that a case ends when it wants to. */
export interface HeldWork {
  /** Resolves when the work is called; rejects if the attempt ends without calling it. */
  started: Promise<void>
  signal(): AbortSignal
  finish(): void
  fail(error: Error): void
  outcome: Promise<PromiseSettledResult<InboxOutcome>>
}

/** Starts an attempt whose work runs until the case ends it. */
export function holdWork<Tx>(once: DeliveryInbox<Tx>['once'], delivery: InboxDelivery): HeldWork {
  let signal: AbortSignal | undefined
  const start = latch()
  const end = latch()
  const outcome = settled(
    once(delivery, async (_, given) => {
      signal = given
      start.open()
      await end.opened
    }),
  )
  outcome.then((result) => start.fail(new Error(`The attempt ended before its work: ${JSON.stringify(result)}`)))
  return {
    started: start.opened,
    signal: () => {
      if (signal === undefined) throw new Error('The work has not been called')
      return signal
    },
    finish: () => end.open(),
    fail: end.fail,
    outcome,
  }
}

export const nothing = async (): Promise<void> => {}

export async function settled<Value>(promise: Promise<Value>): Promise<PromiseSettledResult<Value>> {
  const [result] = await Promise.allSettled([promise])
  return result
}

/** Asks until the answer changes. */
export async function untilNot(outcome: InboxOutcome, ask: () => Promise<InboxOutcome>): Promise<InboxOutcome> {
  for (;;) {
    const answer = await ask()
    if (answer !== outcome) return answer
    await realTime(10)
  }
}

export const realTime = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Creates a promise that the case resolves (`open`) or rejects (`fail`). */
export function latch(): { opened: Promise<void>; open(): void; fail(error: Error): void } {
  let open: () => void = () => {}
  let fail: (error: Error) => void = () => {}
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  opened.catch(() => {})
  return { opened, open, fail }
}
