import { describe, expect, it } from 'vitest'
import { createMemoryInbox, type DeliveryInbox, DiscardEvent, type InboxDelivery } from './index.js'

const LEASE_MS = 1000
const delivery = (key = 'a'): InboxDelivery => ({
  key,
  eventId: key,
  type: 't',
  occurredAt: new Date(0),
  leaseMs: LEASE_MS,
  retentionMs: 10_000,
  customer: undefined,
  claims: {},
  redelivery: false,
  answered: new AbortController().signal,
})
const nothing = async (): Promise<void> => {}

describe('marks', () => {
  it('are bounded, the oldest goes first, and only an unexpired one with a warning', async () => {
    let now = 0
    const warnings: string[] = []
    const inbox = createMemoryInbox({ maxEntries: 2, now: () => now, onWarning: ({ code }) => warnings.push(code) })
    for (const key of ['a', 'b', 'c']) expect(await inbox.once(delivery(key), nothing)).toBe('processed')
    expect(warnings).toEqual(['inbox_entry_evicted'])
    expect(await inbox.once(delivery('c'), nothing)).toBe('duplicate')
    expect(await inbox.once(delivery('a'), nothing)).toBe('processed')
    now += 10_000
    for (const key of ['d', 'e', 'f']) await inbox.once(delivery(key), nothing)
    expect(warnings).toEqual(['inbox_entry_evicted', 'inbox_entry_evicted', 'inbox_entry_evicted'])
  })

  it('go with a warning that costs nothing where the hook fails', async () => {
    for (const onWarning of [
      () => Promise.reject(new Error('x')),
      () => {
        throw new Error('x')
      },
    ]) {
      const inbox = createMemoryInbox({ maxEntries: 1, onWarning })
      for (const key of ['a', 'b']) expect(await inbox.once(delivery(key), nothing)).toBe('processed')
    }
  })

  it('of a million events stay within the bound', async () => {
    let evicted = 0
    const inbox = createMemoryInbox({
      onWarning: () => {
        evicted += 1
      },
    })
    for (let event = 0; event < 1_000_000; event++) await inbox.once(delivery(String(event)), nothing)
    expect(evicted).toBe(900_000)
    expect(await inbox.once(delivery('999999'), nothing)).toBe('duplicate')
  }, 60_000)
})

it.each([{ now: 5 }, { onWarning: 'x' }, { maxEntries: -1 }, { maxEntries: '5' }])('%j is a mistake', (options) => {
  expect(() => createMemoryInbox(options as never)).toThrow(/(now|onWarning|maxEntries) is .*: pass a/)
})

/**
 * Every interleaving of two attempts at one delivery, each of which succeeds, fails, discards or crashes (never settles),
 * while time passes beyond a lease at any two moments. Then a last attempt comes, to see what the two have left behind.
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
    attempt.result = inbox.once(delivery(), work).catch((error: Error) => error.message)
    return attempt
  }

  const schedules = interleavings([['start A', 'end A'], ['start B', 'end B'], ['lease passes'], ['lease passes']])
  const unique = [...new Map(schedules.map((schedule) => [schedule.join(), schedule])).values()]

  it.each(ENDS.flatMap((a) => ENDS.map((b) => [a, b] as const)))('A %s, B %s', async (endA, endB) => {
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
          // a second run is never beside one within its lease, and never after a mark
          expect(refused).toBe(holder !== undefined || marks.length > 0)
          if (refused) expect(await attempt.result).toBe(marks.length > 0 ? 'duplicate' : 'in_progress')
          else {
            // whoever is taken over knows it
            for (const other of ran.filter(({ isOver }) => !isOver)) expect(other.signal?.aborted).toBe(true)
            ran.push(attempt)
          }
        } else {
          const attempt = attempts[name]
          const wasTakenOver = attempt?.signal?.aborted === true
          if (attempt?.settle === undefined) continue
          // a crashed process holds its claim until the lease ends
          if (end !== 'crashes') attempt.settle()
          else continue
          const result = await attempt.result
          if (end === 'fails') expect(result).toBe('handler')
          else if (wasTakenOver) expect(result).toMatch(/taken/)
          else {
            expect(result).toBe('processed')
            marks.push(attempt)
          }
        }
      }
      expect(marks.length).toBeLessThanOrEqual(1)
      now += LEASE_MS
      expect(await inbox.once(delivery(), nothing)).toBe(marks.length > 0 ? 'duplicate' : 'processed')
    }
  })
})
