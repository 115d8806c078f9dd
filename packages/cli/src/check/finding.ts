/** The result of one check. */
export interface CheckResult {
  readonly id: string
  readonly title: string
  /** `unknown` if it could not be checked. Only `found` makes the command exit with 1. */
  readonly verdict: 'ok' | 'found' | 'unknown'
  /** The observation. */
  readonly seen: string
  /** How to fix it. */
  readonly fix?: string | undefined
}

/** A check that found nothing wrong. */
export function ok(id: string, title: string, seen: string): CheckResult {
  return { id, title, verdict: 'ok', seen }
}

/** A check that found something wrong. */
export function found(id: string, title: string, seen: string, fix: string): CheckResult {
  return { id, title, verdict: 'found', seen, fix }
}

/** A check that could not be made. */
export function unknown(id: string, title: string, seen: string, fix?: string): CheckResult {
  return { id, title, verdict: 'unknown', seen, fix }
}
