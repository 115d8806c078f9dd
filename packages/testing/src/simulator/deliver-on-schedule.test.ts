import { describe, expect, it } from 'vitest'
import { deliverOnSchedule, KINDE_ATTEMPTS_MS, type ScheduledDelivery } from './index.js'

/** Runs deliveries whose attempts get the given statuses. */
async function run(deliveries: readonly ScheduledDelivery[], statuses: readonly (number | undefined)[]) {
  const left = [...statuses]
  const made: number[] = []
  const moved: number[] = []
  const lastMs = await deliverOnSchedule(deliveries, {
    advanceTo: (atMs) => void moved.push(atMs),
    async attempt(due, atMs) {
      made.push(...due.map(() => atMs))
      return due.map((delivery) => ({ delivery, status: left.shift() }))
    },
  })
  return { lastMs, made, moved }
}

describe('deliverOnSchedule', () => {
  it.each([201, 204, 302, 400, 429, 500, undefined])('makes ten attempts when the answer is %s', async (status) => {
    const { made, lastMs } = await run([{ firstAtMs: 7 }], Array(10).fill(status))
    expect(made).toStrictEqual(KINDE_ATTEMPTS_MS.map((offsetMs) => offsetMs + 7))
    expect(lastMs).toBe(36 * 3_600_000 + 7)
  })

  it('ends a delivery with 200 and moves the time before each attempt', async () => {
    const { made, moved } = await run([{ firstAtMs: 0 }, { firstAtMs: 1000, attemptsMs: [0] }], [503, 503, 200])
    expect(made).toStrictEqual([0, 1000, 5000])
    expect(moved).toStrictEqual(made)
  })

  it('makes no further attempt of a delivery without a result, and those of an added one', async () => {
    const made: string[] = []
    await deliverOnSchedule([{ firstAtMs: 0, name: 'first' }], {
      advanceTo: () => {},
      async attempt(due, atMs, add) {
        for (const { name } of due) made.push(`${name} ${atMs}`)
        if (atMs === 0) add({ firstAtMs: 10, name: 'added' })
        return []
      },
    })
    expect(made).toStrictEqual(['first 0', 'added 10'])
  })
})
