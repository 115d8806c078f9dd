import { MAX_TIMER_MS } from '@kinde-billing/core/internal'

/** An attempt's own view of its lease: a signal that fires once the lease has ended or was lost. */
export interface Lease {
  readonly signal: AbortSignal
  /** How long the lease still lasts. Never more than in the store. */
  remainingMs(): number
  /** Checks now and then that the claim still stands, and fires the signal if it does not. */
  watch(holds: () => Promise<boolean>): void
  lose(reason: Error): void
  /** Ends the watch and the timer: the signal no longer fires. */
  end(): void
}

/**
 * Starts a lease. Call it before the claim is sent, so that the lease ends no later than the store's. Within the lease a claim
 * is lost only if the store loses it (eviction, failover, a deleted key): hence the watch, four times in a lease.
 */
export function startLease(leaseMs: number): Lease {
  const controller = new AbortController()
  const endsAt = performance.now() + leaseMs
  const lose = (reason: Error): void => controller.abort(reason)
  const endTimer = setTimeout(
    () => lose(new Error(`The lease of ${leaseMs} ms is over`)),
    Math.min(leaseMs, MAX_TIMER_MS),
  )
  let watchTimer: ReturnType<typeof setTimeout> | undefined
  let hasEnded = false

  const watch = (holds: () => Promise<boolean>): void => {
    watchTimer = setTimeout(
      async () => {
        // A store that does not answer says nothing about the claim: the mark will tell.
        const isHeld = await holds().catch(() => true)
        if (hasEnded) return
        if (isHeld) watch(holds)
        else lose(new Error('The claim was lost in the store'))
      },
      Math.min(leaseMs / 4, MAX_TIMER_MS),
    )
  }
  const end = (): void => {
    hasEnded = true
    clearTimeout(endTimer)
    clearTimeout(watchTimer)
  }
  return { signal: controller.signal, remainingMs: () => endsAt - performance.now(), watch, lose, end }
}
