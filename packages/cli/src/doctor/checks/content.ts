import { type Check, foundOr, NOT_ACCEPTING, ok } from '../check.js'
import { type Examination, isAccepted, type Probe, wordsOf } from '../examination.js'
import { type Finding, finding } from '../faults.js'

/** Types, sources and claims that nobody knows yet are acknowledged. */
export const unknownType: Check = {
  title: 'unknown type',
  async examine(x) {
    if (!x.facts.isAccepting) return NOT_ACCEPTING
    const events: [string, Probe][] = [
      ['the type user.created', x.event({ type: 'user.created', claims: { data: { user: { id: 'kp_doctor' } } } })],
      ['the type customer.plan_created', x.event({ type: 'customer.plan_created' })],
      ['an unknown source and claim', x.event({ claims: { source: 'doctor', later: { version: 2 } } })],
    ]
    const findings: Finding[] = []
    for (const [what, probe] of events) {
      const answer = (await x.deliverUntilAccepted(probe)).at(-1)
      if (answer === undefined || answer.status === 200) continue
      const words = `An authentic event with ${what} was answered ${wordsOf(answer)}.`
      findings.push(finding(isAccepted(answer) ? 'success_not_200' : 'unknown_type_refused', words))
    }
    return foundOr(findings, ok('acknowledged'))
  },
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** What Kinde tries until 36 h after the event is accepted, should its timestamp be as old. */
export const lateAttempts: Check = {
  title: 'late (6 min to 35 h old)',
  async examine(x) {
    if (!x.facts.isAccepting) return NOT_ACCEPTING
    for (const [words, ageMs] of [
      ['6 minutes', 6 * MINUTE],
      ['70 minutes', 70 * MINUTE],
      ['10 hours', 10 * HOUR],
      ['35 hours', 35 * HOUR],
    ] as const) {
      const answer = (await x.deliverUntilAccepted(aged(x, ageMs))).at(-1)
      if (answer !== undefined && isAccepted(answer)) continue
      const evidence = `An event whose timestamp is ${words} old was answered ${answer && wordsOf(answer)}, a fresh one is accepted.`
      return foundOr([finding('window_too_short', evidence + windowName(ageMs))], ok(''))
    }
    return ok('accepted')
  },
}

function windowName(refusedAgeMs: number): string {
  return refusedAgeMs === 6 * MINUTE ? ' That is a five-minute window, or one not much longer.' : ''
}

function aged(x: Examination, ageMs: number): Probe {
  const timestamp = new Date(Date.now() - ageMs).toISOString()
  return x.event({ claims: { timestamp, event_timestamp: timestamp } })
}
