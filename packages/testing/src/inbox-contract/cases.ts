import { DiscardEvent, type InboxDelivery, type InboxOutcome } from '@kinde-billing/core/receiver'
import { expect, it } from 'vitest'
import { type HeldWork, holdWork, latch, newDelivery, nothing, settled, untilNot } from './attempts.js'
import { SHORT_LEASE_MS, type Subject } from './subject.js'

export function attemptsInTurn<Tx>({ once, onceElsewhere, pass }: Subject<Tx>): void {
  it('runs the work once', async () => {
    const delivery = newDelivery()
    const signals: AbortSignal[] = []
    const work = async (_: Tx, signal: AbortSignal) => void signals.push(signal)
    expect(await once(delivery, work)).toBe('processed')
    expect(await once(delivery, work)).toBe('duplicate')
    expect(await onceElsewhere(delivery, work)).toBe('duplicate')
    expect(signals.map((signal) => signal.aborted)).toEqual([false])
  })

  it.each([
    ['an Error', new Error('no such customer')],
    ['undefined', undefined],
  ])('rejects with what the work throws (%s), and runs the next attempt', async (_, thrown) => {
    const delivery = newDelivery()
    const failing = once(delivery, () => Promise.reject(thrown))
    await expect(settled(failing)).resolves.toEqual({ status: 'rejected', reason: thrown })
    expect(await onceElsewhere(delivery, nothing)).toBe('processed')
    expect(await once(delivery, nothing)).toBe('duplicate')
  })

  it('marks an event that the work discards', async () => {
    const delivery = newDelivery()
    const discarding = () => Promise.reject(new DiscardEvent('a plan that no longer exists'))
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

  it('answers in_progress while the work runs, and duplicate only after it', async () => {
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

  it('answers none of a hundred as done if each that runs fails, and runs the next', async () => {
    const delivery = newDelivery()
    const failure = new Error('the database is down')
    const outcomes = await Promise.all(hundred(delivery, () => Promise.reject(failure)).map(settled))
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(failed.length).toBeGreaterThan(0)
    expect(failed.every((outcome) => outcome.reason === failure)).toBe(true)
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value !== 'in_progress')).toEqual([])
    expect(await once(delivery, nothing)).toBe('processed')
  })
}

export function responses<Tx>({ once, onceElsewhere }: Subject<Tx>, startsAtOnce: boolean): void {
  if (startsAtOnce) {
    it('calls the work before it returns', async () => {
      let hasStarted = false
      const attempt = once(newDelivery(), async () => {
        hasStarted = true
      })
      expect(hasStarted).toBe(true)
      await attempt
    })
  } else {
    it('runs nothing and holds no claim if the response was decided before the claim', async () => {
      const delivery = newDelivery()
      let runs = 0
      const late = once({ ...delivery, answered: AbortSignal.abort() }, async () => {
        runs += 1
      })
      expect((await settled(late)).status).toBe('rejected')
      expect(runs).toBe(0)
      expect(await onceElsewhere(delivery, nothing)).toBe('processed')
    })
  }

  it('marks work that was running when the response was decided', async () => {
    const response = new AbortController()
    const delivery = newDelivery()
    const running = async (_: Tx, signal: AbortSignal): Promise<void> => {
      response.abort()
      signal.throwIfAborted()
    }
    expect(await once({ ...delivery, answered: response.signal }, running)).toBe('processed')
    expect(await onceElsewhere(delivery, nothing)).toBe('duplicate')
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
    'lets an attempt that %s after its lease was taken over change nothing',
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
  ])('takes the key %j as it is', async (hostile) => {
    const delivery = newDelivery({ eventId: hostile, key: `https://${run}.kinde.com billing ${hostile}` })
    expect(await once(delivery, nothing)).toBe('processed')
    expect(await once(delivery, nothing)).toBe('duplicate')
  })
}
