import { MAX_TIMER_MS } from '@kinde-billing/core/internal'

/** An attempt's own view of its lease: a signal that fires once the lease has ended or was lost. */
export interface Lease {
  readonly signal: AbortSignal
  /** How long the lease still lasts. Never more than in the object. */
  remainingMs(this: void): number
  lose(reason: Error): void
  /** Ends the timer: the signal no longer fires. */
  end(this: void): void
}

/** Starts a lease. Call it before the claim is sent, so that the lease ends no later than the object's. */
export function startLease(leaseMs: number): Lease {
  const controller = new AbortController()
  const endsAt = performance.now() + leaseMs
  const lose = (reason: Error): void => controller.abort(reason)
  const timer = setTimeout(() => lose(new Error(`The lease of ${leaseMs} ms is over`)), Math.min(leaseMs, MAX_TIMER_MS))
  return {
    signal: controller.signal,
    remainingMs: () => endsAt - performance.now(),
    lose,
    end: () => clearTimeout(timer),
  }
}
