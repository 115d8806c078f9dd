import { BILLING_EVENT_TYPES, type BillingEventType } from '@kinde-billing/core'
import { getWord } from '../../endpoint/answer-word.js'
import type { Answer } from '../../endpoint/send.js'
import { type Check, foundOr, ok } from '../check.js'
import { type Finding, finding } from '../faults.js'
import { median } from '../median.js'
import { fingerprint, learnReference, type Sample } from '../reference.js'
import { describeAnswer, type Facts, isAccepted, type Probe, type Session } from '../session.js'
import { explainRefusal } from './refusal.js'

/** Every billing event is accepted with 200. Also learns how the answers of a run and of a duplicate look. */
export const genuine: Check = {
  title: 'genuine deliveries',
  async run(session) {
    const [firstType, ...otherTypes] = BILLING_EVENT_TYPES
    const first = await playRound(session, { type: firstType })
    if (!first.isAccepted) {
      const refusal = await explainRefusal(session, first.answers[0])
      if (!session.facts.isAccepting) return refusal
      await learn(session, [await playRound(session, { type: firstType })])
      return refusal
    }
    // side by side: a slow handler would take long otherwise
    const others = await Promise.all(otherTypes.map((type) => playRound(session, { type })))
    const rounds = [first, ...others]
    await learn(session, rounds)
    const findings = [...statusFindings(rounds), ...typeFindings(rounds), ...(await handlerFindings(session, rounds))]
    return foundOr(findings, ok(describe(rounds, session)))
  },
}

/** One event, delivered until it is accepted, and then again. */
interface Round {
  readonly type: BillingEventType
  readonly probe: Probe
  readonly answers: readonly [Answer, ...Answer[]]
  readonly again: Answer | undefined
  readonly isAccepted: boolean
}

async function playRound(
  session: Session,
  {
    type = session.facts.subject,
    data = {},
  }: { readonly type?: BillingEventType; readonly data?: Facts['tellingData'] },
): Promise<Round> {
  const probe = session.event({ type, data })
  const answers = await session.deliverUntilAccepted(probe)
  const accepted = answers.some(isAccepted)
  session.facts.isAccepting ||= accepted
  return { type, probe, answers, isAccepted: accepted, again: accepted ? await session.deliver(probe) : undefined }
}

const toSamples = ({ answers: [first], again }: Round): Sample[] => (again === undefined ? [] : [{ first, again }])

/** Looks for a type whose duplicates differ from first deliveries, else for a handler that obeys `data.doctor`. */
async function learn(session: Session, rounds: readonly Round[]): Promise<void> {
  const { facts, times } = session
  const accepted = rounds.filter((round) => round.isAccepted)
  const slowest = accepted.toSorted((a, b) => b.answers[0].durationMs - a.answers[0].durationMs)[0]
  const telling = accepted.find((round) =>
    toSamples(round).some(({ first, again }) => fingerprint(first) !== fingerprint(again)),
  )
  const subject = telling ?? slowest
  facts.subject = subject?.type ?? facts.subject
  facts.failsAtFirst = subject?.answers.length !== 1
  facts.runsLate = await runsLate(session)
  await learnFrom(session, {})
  await learnCooperation(session)
  // twice, if a busy moment hides the difference
  for (let tries = 0; tries < 2 && facts.reference.tells === 'nothing' && facts.isCooperating; tries++)
    await learnFrom(session, { doctor: { delayMs: times.handlerMs } })
}

/** One late run of several is enough: a quick handler may have run before the count is read. */
async function runsLate(session: Session): Promise<boolean> {
  for (let tries = 0; tries < 6; tries++) {
    const probe = session.event()
    await session.deliverUntilAccepted(probe)
    const runs = await session.countRuns(probe)
    if (runs === undefined) return false
    if (runs === 0) return session.awaitRun(probe)
  }
  return false
}

const SAMPLES = 3

async function learnFrom(session: Session, data: Facts['tellingData']): Promise<void> {
  const samples = await sample(session, data)
  let reference = learnReference(samples)
  // a busy moment makes all runs slow: more samples, if they are told by their time
  if (reference.tells === 'times') reference = learnReference([...samples, ...(await sample(session, data))])
  // the texts of the answers are worth knowing even if they do not tell a run from a duplicate
  if (reference.tells === 'nothing' && Object.keys(data).length > 0) return
  session.facts.reference = reference
  session.facts.tellingData = data
}

async function sample(session: Session, data: Facts['tellingData']): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let round = 0; round < SAMPLES; round++) samples.push(...toSamples(await playRound(session, { data })))
  return samples
}

/** Compares events that ask for a delay with ordinary ones: up to three times, if a busy moment hides the difference. */
async function learnCooperation(session: Session): Promise<void> {
  const { facts, times } = session
  const measure = async (data: Facts['tellingData']): Promise<number> => {
    const { answers } = await playRound(session, { data })
    return Math.max(...answers.map(({ durationMs }) => durationMs))
  }
  for (let tries = 0; tries < 3; tries++) {
    const delayed = [await measure({ doctor: { delayMs: times.handlerMs } })]
    while (delayed.length < SAMPLES && Math.min(...delayed) >= times.handlerMs * 0.9)
      delayed.push(await measure({ doctor: { delayMs: times.handlerMs } }))
    const quickest = Math.min(...delayed)
    if (quickest < times.handlerMs * 0.9) return
    const usual = median([await measure({}), await measure({}), await measure({})])
    facts.isCooperating = usual < times.handlerMs && quickest - usual >= times.handlerMs * 0.5
    // a handler that is slow by itself is told by its time
    if (facts.isCooperating || usual >= times.handlerMs) return
  }
}

function statusFindings(rounds: readonly Round[]): Finding[] {
  const answers = rounds.flatMap(({ answers, again }) => (again ? [...answers, again] : answers))
  const other = answers.find((answer) => isAccepted(answer) && answer.status !== 200)
  return other === undefined
    ? []
    : [finding('success_not_200', `A genuine delivery was answered ${describeAnswer(other)}.`)]
}

function typeFindings(rounds: readonly Round[]): Finding[] {
  return rounds
    .filter((round) => !round.isAccepted)
    .map(({ type, answers }) => {
      const words = [...new Set(answers.map(describeAnswer))].join(', then ')
      return finding('genuine_refused', `${type} was answered ${words}; other types are accepted.`)
    })
}

/** Events that are acknowledged and lost. */
async function handlerFindings(session: Session, rounds: readonly Round[]): Promise<Finding[]> {
  const accepted = rounds.filter((round) => round.isAccepted)
  const isIgnored = ({ answers }: Round): boolean => answers.some(({ body }) => getWord(body) === 'ignored')
  if (accepted.length > 0 && accepted.every(isIgnored))
    return [finding('events_ignored', `All ${accepted.length} types were answered "ignored".`)]
  return (await hasAnyRun(session, accepted))
    ? []
    : [
        finding(
          'handler_never_runs',
          `${accepted.length} types were accepted, and --ran-url counts no run for any of them.`,
        ),
      ]
}

/** Waits a moment: an application may count after its answer. */
async function hasAnyRun(session: Session, rounds: readonly Round[]): Promise<boolean> {
  for (let tries = 0; tries < 10; tries++) {
    const counts = await Promise.all(rounds.map(({ probe }) => session.countRuns(probe)))
    if (counts.length === 0 || counts.some((count) => count === undefined || count > 0)) return true
    await session.pause(session.times.handlerMs)
  }
  return false
}

function describe(rounds: readonly Round[], { facts }: Session): string {
  return `all ${rounds.length} types accepted${facts.failsAtFirst ? ', after a failure each' : ''}`
}
