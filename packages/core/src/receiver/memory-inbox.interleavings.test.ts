import { describe, expect, it } from 'vitest'
import { createMemoryInbox, type DeliveryInbox, DiscardEvent, type InboxDelivery } from './index.js'

const LEASE_MS = 1000
const DELIVERY: InboxDelivery = {
  key: 'a',
  eventId: 'a',
  type: 't',
  occurredAt: new Date(0),
  leaseMs: LEASE_MS,
  retentionMs: 10 * LEASE_MS,
  customer: undefined,
  claims: {},
  redelivery: false,
  answered: new AbortController().signal,
}
const nothing = async (): Promise<void> => {}

/**
 * Plays every interleaving of two attempts at one delivery. Each attempt succeeds, fails, discards or crashes (never
 * settles), and at any two moments a whole lease passes. A last attempt shows what the two left behind.
 */
describe('every interleaving of two attempts', () => {
  const ENDS = ['succeeds', 'fails', 'discards', 'crashes'] as const
  type End = (typeof ENDS)[number]
  type Step = 'start A' | 'end A' | 'start B' | 'end B' | 'lease passes'

  const interleavings = (sequences: Step[][]): Step[][] => {
    const open = sequences.filter((sequence) => sequence.length > 0)
    if (open.length === 0) return [[]]
    return open.flatMap((sequence) => {
      const [first, ...rest] = sequence
      const others = open.filter((other) => other !== sequence)
      return interleavings([...others, rest]).map((tail): Step[] => (first === undefined ? tail : [first, ...tail]))
    })
  }

  interface Attempt {
    result: Promise<string>
    settle: (() => void) | undefined
    startedAt: number
    isOver: boolean
    signal: AbortSignal | undefined
  }

  const begin = (inbox: DeliveryInbox, end: End, now: number): Attempt => {
    const attempt: Attempt = {
      result: Promise.resolve(''),
      settle: undefined,
      startedAt: now,
      isOver: false,
      signal: undefined,
    }
    const work = (_: undefined, signal: AbortSignal): Promise<void> =>
      new Promise((resolve, reject) => {
        attempt.signal = signal
        attempt.settle = () => {
          attempt.isOver = true
          if (end === 'succeeds') resolve()
          else if (end !== 'crashes') reject(end === 'discards' ? new DiscardEvent('x') : new Error('handler'))
        }
      })
    attempt.result = inbox.once(DELIVERY, work).catch((error: Error) => error.message)
    return attempt
  }

  const schedules = interleavings([['start A', 'end A'], ['start B', 'end B'], ['lease passes'], ['lease passes']])
  const unique = [...new Map(schedules.map((schedule) => [schedule.join(), schedule])).values()]

  it.each(ENDS.flatMap((a) => ENDS.map((b) => [a, b] as const)))(
    'runs at most one at a time and marks once: A %s, B %s',
    async (endA, endB) => {
      expect(unique).toHaveLength(90)
      for (const schedule of unique) {
        let now = 0
        const inbox = createMemoryInbox({ now: () => now })
        const ran: Attempt[] = []
        const marks: Attempt[] = []
        const attempts: Partial<Record<'A' | 'B', Attempt>> = {}
        for (const step of schedule) {
          if (step === 'lease passes') {
            now += LEASE_MS
            continue
          }
          const name = step.endsWith('A') ? 'A' : 'B'
          const end = name === 'A' ? endA : endB
          if (step.startsWith('start')) {
            const holder = ran.find((other) => !other.isOver && now < other.startedAt + LEASE_MS)
            const attempt = begin(inbox, end, now)
            attempts[name] = attempt
            const refused = attempt.settle === undefined
            // Never beside a run that is within its lease, and never after a mark.
            expect(refused).toBe(holder !== undefined || marks.length > 0)
            if (refused) expect(await attempt.result).toBe(marks.length > 0 ? 'duplicate' : 'in_progress')
            else {
              // An attempt that is taken over has been told so.
              for (const other of ran.filter(({ isOver }) => !isOver)) expect(other.signal?.aborted).toBe(true)
              ran.push(attempt)
            }
          } else {
            const attempt = attempts[name]
            const wasTakenOver = attempt?.signal?.aborted === true
            if (attempt?.settle === undefined) continue
            // A crashed process holds its claim until the lease ends.
            if (end !== 'crashes') attempt.settle()
            else continue
            const result = await attempt.result
            if (end === 'fails') expect(result).toBe('handler')
            else if (wasTakenOver) expect(result).toMatch(/took the delivery over/)
            else {
              expect(result).toBe('processed')
              marks.push(attempt)
            }
          }
        }
        expect(marks.length).toBeLessThanOrEqual(1)
        now += LEASE_MS
        expect(await inbox.once(DELIVERY, nothing)).toBe(marks.length > 0 ? 'duplicate' : 'processed')
      }
    },
  )
})
