import { describe, expect, it, vi } from 'vitest'
import { startDeadline } from './deadline.js'

describe('startDeadline', () => {
  it('aborts at its limit', () => {
    vi.useFakeTimers()
    const { signal } = startDeadline(1000, new AbortController().signal)
    vi.advanceTimersByTime(999)
    expect(signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(signal.aborted).toBe(true)
    vi.useRealTimers()
  })

  it('names the first reason', () => {
    const interrupt = new AbortController()
    const deadline = startDeadline(60_000, interrupt.signal)
    expect(deadline.reason).toBeUndefined()
    interrupt.abort()
    expect(deadline.reason).toBe('interrupted')
    expect(deadline.signal.aborted).toBe(true)
    deadline.clear()
    const late = startDeadline(60_000, interrupt.signal)
    expect(late.reason).toBe('interrupted')
    late.clear()
  })
})
