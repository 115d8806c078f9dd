import { setMaxListeners } from 'node:events'

/** Why a command ended before its work was done. */
export type StopReason = 'interrupted' | 'time_limit'

/** A time limit together with Ctrl-C. */
export interface Deadline {
  /** Aborts at the time limit, or when the user interrupts. */
  readonly signal: AbortSignal
  /** `undefined` while there is time. */
  readonly reason: StopReason | undefined
  /** Stops the timer. Call it when the work is done. */
  clear(): void
}

/**
 * Starts a time limit.
 *
 * Not `AbortSignal.any([signal, AbortSignal.timeout(ms)])`: Node 20 garbage-collects that timer, and the limit never fires.
 *
 * @param interrupted Aborts the deadline as well, with the reason `interrupted`.
 */
export function startDeadline(limitMs: number, interrupted: AbortSignal): Deadline {
  const controller = new AbortController()
  // one listener per request in flight: Node warns beyond ten
  setMaxListeners(0, controller.signal)
  let reason: StopReason | undefined
  const stop = (why: StopReason): void => {
    reason ??= why
    controller.abort()
  }
  const onInterrupt = (): void => stop('interrupted')
  const timer = setTimeout(() => stop('time_limit'), limitMs)
  interrupted.addEventListener('abort', onInterrupt)
  if (interrupted.aborted) onInterrupt()
  return {
    signal: controller.signal,
    get reason() {
      return reason
    },
    clear() {
      clearTimeout(timer)
      interrupted.removeEventListener('abort', onInterrupt)
    },
  }
}
