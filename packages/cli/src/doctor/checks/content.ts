import { type Check, foundOr, NOT_ACCEPTING, ok } from '../check.js'
import { type Finding, finding } from '../faults.js'
import { describeAnswer, isAccepted, type Probe, type Session } from '../session.js'

/** Unknown types, sources and claims are acknowledged. */
export const unknownType: Check = {
  title: 'unknown type',
  async run(session) {
    if (!session.facts.isAccepting) return NOT_ACCEPTING
    const events: [string, Probe][] = [
      [
        'the type user.created',
        session.event({ type: 'user.created', claims: { data: { user: { id: 'kp_doctor' } } } }),
      ],
      ['the type customer.plan_created', session.event({ type: 'customer.plan_created' })],
      ['an unknown source and claim', session.event({ claims: { source: 'doctor', later: { version: 2 } } })],
    ]
    const findings: Finding[] = []
    for (const [what, probe] of events) {
      const answer = (await session.deliverUntilAccepted(probe)).at(-1)
      if (answer === undefined || answer.status === 200) continue
      const evidence = `An authentic event with ${what} was answered ${describeAnswer(answer)}.`
      findings.push(finding(isAccepted(answer) ? 'success_not_200' : 'unknown_type_refused', evidence))
    }
    return foundOr(findings, ok('acknowledged'))
  },
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** An event is accepted for as long as Kinde retries, in case its timestamp is not renewed. */
export const lateAttempts: Check = {
  title: 'late (6 min to 35 h old)',
  async run(session) {
    if (!session.facts.isAccepting) return NOT_ACCEPTING
    for (const [age, ageMs] of [
      ['6 minutes', 6 * MINUTE],
      ['70 minutes', 70 * MINUTE],
      ['10 hours', 10 * HOUR],
      ['35 hours', 35 * HOUR],
    ] as const) {
      const answers = await session.deliverUntilAccepted(agedEvent(session, ageMs))
      if (answers.some(isAccepted)) continue
      const hint = ageMs === 6 * MINUTE ? ' This is a five-minute window, or one not much longer.' : ''
      const evidence = `An event whose timestamp is ${age} old was answered ${describeAnswer(answers[0])}; a fresh one is accepted.${hint}`
      return foundOr([finding('window_too_short', evidence)], ok(''))
    }
    return ok('accepted')
  },
}

function agedEvent(session: Session, ageMs: number): Probe {
  const timestamp = new Date(Date.now() - ageMs).toISOString()
  return session.event({ claims: { timestamp, event_timestamp: timestamp } })
}
