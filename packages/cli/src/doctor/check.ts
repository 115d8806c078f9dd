import type { Finding } from './faults.js'
import type { Session } from './session.js'

/** Result of a check. */
export interface CheckOutcome {
  /** `unclear`: it cannot be seen from outside. `skipped`: it needs something that is missing. */
  readonly verdict: 'ok' | 'found' | 'unclear' | 'skipped'
  /** A short description of the answers. */
  readonly detail: string
  readonly findings: readonly Finding[]
}

/** One question to the endpoint. */
export interface Check {
  readonly title: string
  run(session: Session): Promise<CheckOutcome>
}

export const ok = (detail: string): CheckOutcome => ({ verdict: 'ok', detail, findings: [] })
export const unclear = (detail: string): CheckOutcome => ({ verdict: 'unclear', detail, findings: [] })
export const skipped = (detail: string): CheckOutcome => ({ verdict: 'skipped', detail, findings: [] })
export const found = (...findings: readonly Finding[]): CheckOutcome => ({
  verdict: 'found',
  detail: [...new Set(findings.map(({ evidence }) => evidence))].join(' '),
  findings,
})

/** Returns the findings, or another outcome if there are none. */
export const foundOr = (findings: readonly Finding[], otherwise: CheckOutcome): CheckOutcome =>
  findings.length > 0 ? found(...findings) : otherwise

export const NOT_ACCEPTING: CheckOutcome = skipped('needs an endpoint that accepts a genuine delivery')
/** Outcome of checks that a stop or a limit has prevented. */
export const STOPPED: CheckOutcome = skipped('the doctor was stopped, or reached its limit of requests or time')
