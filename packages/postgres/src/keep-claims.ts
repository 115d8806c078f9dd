import { invalidConfiguration } from '@kinde-billing/core/internal'

/** Which claims stand in the table, and for how long. */
export interface KeepOptions {
  readonly claims: 'failed' | 'all' | false
  /** How long the claims of a finished event are kept, with `'all'`. */
  readonly ms: number
}

const DAY_MS = 86_400_000

export function resolveKeep({
  keepClaims = 'failed',
  keepMs = 30 * DAY_MS,
}: {
  keepClaims?: unknown
  keepMs?: unknown
}): KeepOptions {
  if (keepClaims !== 'failed' && keepClaims !== 'all' && keepClaims !== false)
    throw invalidConfiguration(
      'keepClaims',
      keepClaims,
      "pass 'failed' (until the event is done), 'all' (for keepMs) or false",
    )
  if (typeof keepMs !== 'number' || !Number.isFinite(keepMs) || keepMs < 0)
    throw invalidConfiguration('keepMs', keepMs, 'pass a finite number of milliseconds, 0 or more')
  return { claims: keepClaims, ms: keepMs }
}
