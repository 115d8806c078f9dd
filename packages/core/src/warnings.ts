/** Something an operator should know, while deliveries go on. */
export interface BillingWarning {
  /** What it is about: stable, and meant for programs. */
  readonly code: 'stale_keys' | 'customer_not_found' | 'inbox_entry_evicted' | 'handler_finished_late'
  /** What was seen, and what to do about it. */
  readonly message: string
}

/** Hears of warnings: logs them, counts them, wakes somebody. */
export type OnWarning = (warning: BillingWarning) => void

const ONCE_PER_MS = 60_000
const lastWritten = new Map<string, number>()

/**
 * Whether a line may be written now: at most one a minute and topic, so that a flood of forgeries does not fill the
 * disk. Topics are few and fixed, never text from a token.
 */
export function mayWrite(topic: string): boolean {
  const now = Date.now()
  const last = lastWritten.get(topic)
  if (last !== undefined && Math.abs(now - last) < ONCE_PER_MS) return false
  lastWritten.set(topic, now)
  return true
}

export function writeWarning({ code, message }: BillingWarning): void {
  if (mayWrite(code)) console.warn(`[kinde-billing] ${code}: ${message}`)
}

/** Calls an application's hook: a throw or a rejection of it costs one line, and never the answer. */
export function callHook(name: string, hook: () => unknown): void {
  const failed = (): void => {
    if (mayWrite(name))
      console.error(`[kinde-billing] ${name} failed: a hook must not throw or reject. The delivery is not affected.`)
  }
  try {
    Promise.resolve(hook()).catch(failed)
  } catch {
    failed()
  }
}

/** {@link callHook} for a hook that takes one value. */
export function guardedHook<Value>(name: string, hook: (value: Value) => unknown): (value: Value) => void {
  return (value) => callHook(name, () => hook(value))
}
