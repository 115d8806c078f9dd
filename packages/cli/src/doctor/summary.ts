import { type CheckOutcome, STOPPED } from './check.js'
import type { FaultId, Finding } from './faults.js'

/** The outcome of a check with its title. */
export type NamedOutcome = CheckOutcome & { readonly title: string }

/** A check in the report. */
export interface CheckResult extends Omit<CheckOutcome, 'findings'> {
  readonly title: string
}

/** Result of a run. */
export interface DoctorReport {
  /** `true` if every check was made and none found a fault. */
  readonly ok: boolean
  /** `false` if the run was stopped before its end. */
  readonly isComplete: boolean
  readonly checks: readonly CheckResult[]
  /** Each fault once, errors first. */
  readonly findings: readonly Finding[]
}

/** Findings that follow from others. Reporting them as well would mislead. */
const EXPLAINS: { readonly [Id in FaultId]?: readonly FaultId[] } = {
  decode_without_verification: [
    'access_token_accepted',
    'issuer_not_trusted',
    'algorithm_confusion',
    'keys_from_token_header',
    'unknown_key_accepted',
    'accepted_without_keys',
    'keys_cached_forever',
  ],
  unknown_key_accepted: ['keys_from_token_header', 'accepted_without_keys', 'keys_cached_forever'],
  keys_from_token_issuer: ['genuine_refused', 'issuer_not_trusted', 'issuer_claim_required'],
  no_recovery_from_outage: ['genuine_refused', 'keys_cached_forever'],
  json_body_parser: ['genuine_refused', 'issuer_not_trusted'],
  issuer_not_trusted: ['keys_cached_forever'],
  events_ignored: ['handler_never_runs'],
  duplicate_handled_again: ['marks_forgotten'],
}

/** Summarizes the outcomes: each fault once, without those that another one explains. */
export function toReport(results: readonly NamedOutcome[], isStopped: boolean): DoctorReport {
  const all = results.flatMap(({ findings }) => findings)
  const explained = new Set(all.flatMap(({ id }) => EXPLAINS[id] ?? []))
  const byId = new Map<FaultId, Finding>()
  for (const one of all) {
    const known = byId.get(one.id)
    if (explained.has(one.id) || known?.confidence === 'proven') continue
    if (known === undefined || one.confidence === 'proven') byId.set(one.id, one)
  }
  const findings = [...byId.values()].sort((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'))
  const isComplete = !isStopped && !results.some(({ detail }) => detail === STOPPED.detail)
  return {
    ok: findings.length === 0 && isComplete,
    isComplete,
    checks: results.map(({ findings: _findings, ...result }) => result),
    findings,
  }
}
