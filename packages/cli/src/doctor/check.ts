import type { Examination } from './examination.js'
import type { Finding } from './faults.js'

/** What a check came to. */
export interface CheckOutcome {
  /** `ok`: as it should be. `unclear`: it cannot be seen from outside. `skipped`: it needs what another check did not find. */
  readonly verdict: 'ok' | 'found' | 'unclear' | 'skipped'
  /** What was seen. */
  readonly detail: string
  readonly findings: readonly Finding[]
}

/** One question to the endpoint. */
export interface Check {
  readonly title: string
  examine(examination: Examination): Promise<CheckOutcome>
}

export const ok = (detail: string): CheckOutcome => ({ verdict: 'ok', detail, findings: [] })
export const unclear = (detail: string): CheckOutcome => ({ verdict: 'unclear', detail, findings: [] })
export const skipped = (detail: string): CheckOutcome => ({ verdict: 'skipped', detail, findings: [] })
export const found = (...findings: readonly Finding[]): CheckOutcome => ({
  verdict: 'found',
  detail: [...new Set(findings.map(({ evidence }) => evidence))].join(' '),
  findings,
})

/** Findings if there are any, else what to say without. */
export const foundOr = (findings: readonly Finding[], otherwise: CheckOutcome): CheckOutcome =>
  findings.length > 0 ? found(...findings) : otherwise

export const NOT_ACCEPTING: CheckOutcome = skipped('needs an endpoint that accepts a genuine delivery')
