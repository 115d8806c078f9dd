import { type DeliveryInbox, DiscardEvent, type InboxDelivery, type InboxOutcome } from '@kinde-billing/core/receiver'
import { expect, it } from 'vitest'
import type { TxWrites } from '../inbox-contract.js'
import { type HeldWork, holdWork, latch, newDelivery, nothing, settled, untilNot } from './attempts.js'

/** What the cases need of an inbox. */
export interface Subject<Tx> {
  once: DeliveryInbox<Tx>['once']
  onceElsewhere: DeliveryInbox<Tx>['once']
  pass(ms: number): Promise<void>
}

const SHORT_LEASE_MS = 400

export function attemptsInTurn<Tx>({ once, onceElsewhere, pass }: Subject<Tx>): void {
  it('runs the work, and not again', async () => {
    const delivery = newDelivery()
    const signals: AbortSignal[] = []
    const work = async (_: Tx, signal: AbortSignal) => void signals.push(signal)
    expect(await once(delivery, work)).toBe('processed')
    expect(await once(delivery, work)).toBe('duplicate')
    expect(await onceElsewhere(delivery, work)).toBe('duplicate')
    expect(signals.map((signal) => signal.aborted)).toEqual([false])
  })

  it.each([new Error('no such customer'), undefined])(
    'throws on what the work throws (%s), and runs the next attempt',
    async (thrown) => {
      const delivery = newDelivery()
      const failing = once(delivery, () => Promise.reject(thrown))
      await expect(settled(failing)).resolves.toEqual({ status: 'rejected', reason: thrown })
      expect(await onceElsewhere(delivery, nothing)).toBe('processed')
      expect(await once(delivery, nothing)).toBe('duplicate')
    },
  )

  it('marks an event that the work discards', async () => {
    const delivery = newDelivery()
    const discarding = () => Promise.reject(new DiscardEvent('a plan that is long gone'))
    expect(await once(delivery, discarding)).toBe('processed')
    expect(await once(delivery, nothing)).toBe('duplicate')
  })

  it('forgets a mark after retentionMs, and runs again', async () => {
    const delivery = newDelivery({ retentionMs: 150 })
    expect(await once(delivery, nothing)).toBe('processed')
    await pass(150)
    expect(await untilNot('duplicate', () => once(delivery, nothing))).toBe('processed')
  })
}

export function attemptsAtOnce<Tx>({ once, onceElsewhere }: Subject<Tx>): void {
  const hundred = (delivery: InboxDelivery, work: () => Promise<void>): Promise<InboxOutcome>[] =>
    Array.from({ length: 100 }, (_, index) => (index % 2 ? once : onceElsewhere)(delivery, work))

  it('is in progress while the work goes on, and a duplicate only after it', async () => {
    const delivery = newDelivery()
    const first = holdWork(once, delivery)
    await first.started
    expect(await once(delivery, nothing)).toBe('in_progress')
    expect(await onceElsewhere(delivery, nothing)).toBe('in_progress')
    first.finish()
    expect(await first.outcome).toEqual({ status: 'fulfilled', value: 'processed' })
    expect(await onceElsewhere(delivery, nothing)).toBe('duplicate')
  })

  it('runs one of a hundred', async () => {
    const delivery = newDelivery()
    const answers: InboxOutcome[] = []
    const othersAnswered = latch()
    let runs = 0
    const attempts = hundred(delivery, async () => {
      runs += 1
      await othersAnswered.opened
    }).map(async (attempt) => {
      answers.push(await attempt)
      if (answers.length === 99) othersAnswered.open()
    })
    await Promise.all(attempts)
    expect(runs).toBe(1)
    expect(answers).toEqual([...Array<InboxOutcome>(99).fill('in_progress'), 'processed'])
  })

  it('calls none of a hundred done where each that runs fails, and runs the next', async () => {
    const delivery = newDelivery()
    const failure = new Error('the database is away')
    const outcomes = await Promise.all(hundred(delivery, () => Promise.reject(failure)).map(settled))
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(failed.length).toBeGreaterThan(0)
    expect(failed.every((outcome) => outcome.reason === failure)).toBe(true)
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value !== 'in_progress')).toEqual([])
    expect(await once(delivery, nothing)).toBe('processed')
  })
}

export function leases<Tx>({ once, onceElsewhere, pass }: Subject<Tx>): void {
  const takeOver = async (): Promise<{ late: HeldWork; current: HeldWork; delivery: InboxDelivery }> => {
    const delivery = newDelivery()
    const late = holdWork(once, { ...delivery, leaseMs: SHORT_LEASE_MS })
    await late.started
    await pass(SHORT_LEASE_MS)
    const current = holdWork((...args) => untilNot('in_progress', () => onceElsewhere(...args)), delivery)
    await current.started
    return { late, current, delivery }
  }

  it('lets another attempt run once a lease is over', async () => {
    const { late, current, delivery } = await takeOver()
    current.finish()
    expect(await current.outcome).toEqual({ status: 'fulfilled', value: 'processed' })
    late.finish()
    expect((await late.outcome).status).toBe('rejected')
    expect(late.signal().aborted).toBe(true)
    expect(current.signal().aborted).toBe(false)
    expect(await once(delivery, nothing)).toBe('duplicate')
  })

  it.each(['finishes', 'throws'] as const)(
    'an attempt that %s after its lease was taken over changes nothing',
    async (how) => {
      const { late, current, delivery } = await takeOver()
      if (how === 'finishes') late.finish()
      else late.fail(new Error('too late'))
      expect((await late.outcome).status).toBe('rejected')
      expect(late.signal().aborted).toBe(true)
      expect(await once(delivery, nothing)).toBe('in_progress')
      current.fail(new Error('this one fails'))
      await current.outcome
      expect(await once(delivery, nothing)).toBe('processed')
    },
  )
}

export function keys<Tx>({ once }: Subject<Tx>): void {
  const run = crypto.randomUUID()

  it('keeps tenants, endpoints and events apart', async () => {
    const ids = [
      `event_${run}`,
      `event_${run}x`,
      `Event_${run}`,
      ` event_${run}`,
      `event_${run} `,
      `event_${run}\u00a0`,
    ]
    const prefixes = [
      'https://acme.kinde.com billing',
      'https://acme.kinde.com crm',
      'https://umbrella.kinde.com billing',
    ]
    for (const prefix of prefixes)
      for (const eventId of ids)
        expect(await once(newDelivery({ eventId, key: `${prefix} ${eventId}` }), nothing)).toBe('processed')
  })

  it.each([
    '__proto__',
    'constructor',
    "'; drop table kinde_billing_deliveries; --",
    'a"b\\c%d$1{2}*?[3]',
    'événement ✓ 𝄞 \u202e',
    'é',
    'e\u0301',
    '.'.repeat(256),
    '漢'.repeat(256),
  ])('takes %j for what it is', async (hostile) => {
    const delivery = newDelivery({ eventId: hostile, key: `https://${run}.kinde.com billing ${hostile}` })
    expect(await once(delivery, nothing)).toBe('processed')
    expect(await once(delivery, nothing)).toBe('duplicate')
  })
}

export function transaction<Tx>({ once, onceElsewhere, pass }: Subject<Tx>, { write, committed }: TxWrites<Tx>): void {
  it('commits the writes of work that succeeds, with the mark', async () => {
    const value = crypto.randomUUID()
    expect(await once(newDelivery(), (tx) => write(tx, value))).toBe('processed')
    expect(await committed()).toContain(value)
  })

  it.each([new Error('after the write'), new DiscardEvent('after the write')])(
    'undoes the writes of work that throws %s',
    async (thrown) => {
      const value = crypto.randomUUID()
      const work = async (tx: Tx) => {
        await write(tx, value)
        throw thrown
      }
      await settled(once(newDelivery(), work))
      expect(await committed()).not.toContain(value)
    },
  )

  it('undoes the writes of an attempt whose lease was taken over, and lets none through later', async () => {
    const [early, late] = [crypto.randomUUID(), crypto.randomUUID()]
    const delivery = newDelivery()
    const [written, takenOver, ended] = [latch(), latch(), latch()]
    const attempt = settled(
      once({ ...delivery, leaseMs: SHORT_LEASE_MS }, async (tx) => {
        await write(tx, early)
        written.open()
        await takenOver.opened
        await settled(Promise.resolve().then(() => write(tx, late)))
        ended.open()
      }),
    )
    await written.opened
    await pass(SHORT_LEASE_MS)
    expect(await untilNot('in_progress', () => onceElsewhere(delivery, nothing))).toBe('processed')
    takenOver.open()
    await ended.opened
    expect((await attempt).status).toBe('rejected')
    const values = await committed()
    expect(values).not.toContain(early)
    expect(values).not.toContain(late)
  })
}
