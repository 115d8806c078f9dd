import { afterEach, describe, expect, it, vi } from 'vitest'
import { createMemoryInbox, type InboxDelivery } from './index.js'

const LEASE_MS = 1000
const RETENTION_MS = 10_000
const NOT_ANSWERED = new AbortController().signal

const delivery = (key = 'a'): InboxDelivery => ({
  key,
  eventId: key,
  type: 't',
  occurredAt: new Date(0),
  leaseMs: LEASE_MS,
  retentionMs: RETENTION_MS,
  customer: undefined,
  claims: {},
  redelivery: false,
  answered: NOT_ANSWERED,
})
const nothing = async (): Promise<void> => {}
const forever = (): Promise<void> => new Promise(() => {})

afterEach(() => void vi.useRealTimers())

describe('marks', () => {
  it('drops the oldest mark beyond maxEntries, with a warning only if it has not expired', async () => {
    let now = 0
    const warnings: string[] = []
    const inbox = createMemoryInbox({ maxEntries: 2, now: () => now, onWarning: ({ code }) => warnings.push(code) })
    for (const key of ['a', 'b', 'c']) expect(await inbox.once(delivery(key), nothing)).toBe('processed')
    expect(warnings).toEqual(['inbox_entry_evicted'])
    expect(await inbox.once(delivery('c'), nothing)).toBe('duplicate')
    expect(await inbox.once(delivery('a'), nothing)).toBe('processed')
    expect(warnings).toHaveLength(2)
    now += RETENTION_MS
    for (const key of ['d', 'e']) await inbox.once(delivery(key), nothing)
    expect(warnings).toHaveLength(2)
    await inbox.once(delivery('f'), nothing)
    expect(warnings).toHaveLength(3)
  })

  it('counts a key that is marked again as the newest', async () => {
    let now = 0
    const inbox = createMemoryInbox({ maxEntries: 2, now: () => now, onWarning: nothing })
    await inbox.once(delivery('a'), nothing)
    await inbox.once({ ...delivery('b'), retentionMs: 10 * RETENTION_MS }, nothing)
    now += RETENTION_MS
    for (const key of ['a', 'c']) expect(await inbox.once(delivery(key), nothing)).toBe('processed')
    expect(await inbox.once(delivery('a'), nothing)).toBe('duplicate')
    expect(await inbox.once(delivery('b'), nothing)).toBe('processed')
  })

  it('keeps no mark with maxEntries: 0', async () => {
    const inbox = createMemoryInbox({ maxEntries: 0, onWarning: nothing })
    for (const key of ['a', 'b', 'a', 'b']) expect(await inbox.once(delivery(key), nothing)).toBe('processed')
  })

  it('marks the delivery even if onWarning throws or rejects', async () => {
    const throwing = () => {
      throw new Error('x')
    }
    for (const onWarning of [() => Promise.reject(new Error('x')), throwing]) {
      const inbox = createMemoryInbox({ maxEntries: 1, onWarning })
      for (const key of ['a', 'b']) expect(await inbox.once(delivery(key), nothing)).toBe('processed')
    }
  })

  it('keeps at most maxEntries marks of any number of events', async () => {
    let evicted = 0
    const inbox = createMemoryInbox({
      // On a slow machine marks would expire meanwhile, and go without a warning.
      now: () => 0,
      onWarning: () => {
        evicted += 1
      },
    })
    for (let event = 0; event < 300_000; event++) await inbox.once(delivery(String(event)), nothing)
    expect(evicted).toBe(200_000)
    expect(await inbox.once(delivery('299999'), nothing)).toBe('duplicate')
  })
})

describe('the clock', () => {
  const YEAR_MS = 365 * 86_400_000

  it.each([YEAR_MS, -YEAR_MS])('keeps claims and marks when the system clock is set by %d ms', async (stepMs) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const inbox = createMemoryInbox()
    void inbox.once(delivery('claimed'), forever)
    await inbox.once(delivery('marked'), nothing)
    vi.setSystemTime(Date.now() + stepMs)
    expect(await inbox.once(delivery('claimed'), nothing)).toBe('in_progress')
    expect(await inbox.once(delivery('marked'), nothing)).toBe('duplicate')
  })

  it('is looked up at each use, so that fake timers set later count', async () => {
    const inbox = createMemoryInbox()
    vi.useFakeTimers()
    void inbox.once(delivery('claimed'), forever)
    await inbox.once(delivery('marked'), nothing)
    vi.advanceTimersByTime(LEASE_MS)
    expect(await inbox.once(delivery('claimed'), nothing)).toBe('processed')
    expect(await inbox.once(delivery('marked'), nothing)).toBe('duplicate')
    vi.advanceTimersByTime(RETENTION_MS)
    expect(await inbox.once(delivery('marked'), nothing)).toBe('processed')
  })
})

it.each([{ now: 5 }, { onWarning: 'x' }, { maxEntries: -1 }, { maxEntries: '5' }])('refuses %j', (options) => {
  expect(() => createMemoryInbox(options as never)).toThrow(/(now|onWarning|maxEntries) is .*: pass a/)
})
