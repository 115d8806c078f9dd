import { DiscardEvent } from '@kinde-billing/core/receiver'
import { expect, it } from 'vitest'
import { latch, newDelivery, nothing, settled, untilNot } from './attempts.js'
import { SHORT_LEASE_MS, type Subject, type TxWrites } from './subject.js'

export function transaction<Tx>({ once, onceElsewhere, pass }: Subject<Tx>, { write, committed }: TxWrites<Tx>): void {
  it('commits the writes of work that succeeds together with the mark', async () => {
    const value = crypto.randomUUID()
    expect(await once(newDelivery(), (tx) => write(tx, value))).toBe('processed')
    expect(await committed()).toContain(value)
  })

  it.each([
    ['an Error', new Error('after the write')],
    ['a DiscardEvent', new DiscardEvent('after the write')],
  ])('rolls back the writes of work that throws %s', async (_, thrown) => {
    const value = crypto.randomUUID()
    const work = async (tx: Tx) => {
      await write(tx, value)
      throw thrown
    }
    await settled(once(newDelivery(), work))
    expect(await committed()).not.toContain(value)
  })

  it('rolls back the writes of an attempt whose lease was taken over, and refuses later ones', async () => {
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
