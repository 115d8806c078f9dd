/** An attempt's own view of its lease: a signal that fires once the lease is over or lost. */
export interface Lease {
  readonly signal: AbortSignal
  /** Asks now and then whether the claim still stands; fires the signal when it does not. */
  watch(holds: () => Promise<boolean>): void
  lose(reason: Error): void
  /** The attempt is over: nothing fires any more. */
  end(): void
}

/** Timers end below 2³¹ ms: a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Starts before the claim is sent, so that it ends no later than the store's lease. Within the lease a claim is lost
 * only where the store loses it (eviction, failover, a deleted key): hence the watch, four times in a lease.
 */
export function startLease(leaseMs: number): Lease {
  const controller = new AbortController()
  const lose = (reason: Error): void => controller.abort(reason)
  const overAt = setTimeout(
    () => lose(new Error(`The lease of ${leaseMs} ms is over`)),
    Math.min(leaseMs, MAX_TIMER_MS),
  )
  let check: ReturnType<typeof setTimeout> | undefined
  let ended = false

  const watch = (holds: () => Promise<boolean>): void => {
    check = setTimeout(async () => {
      // A store that does not answer says nothing about the claim: the mark will tell.
      const held = await holds().catch(() => true)
      if (ended) return
      if (held) watch(holds)
      else lose(new Error('The claim was lost in the store'))
    }, leaseMs / 4)
  }
  const end = (): void => {
    ended = true
    clearTimeout(overAt)
    clearTimeout(check)
  }
  return { signal: controller.signal, watch, lose, end }
}
