import { BILLING_EVENT_TYPES, type BillingEventType } from '@kinde-billing/core'
import type { Answer } from '../../endpoint/send.js'
import { type Check, type CheckOutcome, found, foundOr, ok } from '../check.js'
import { type Examination, type Facts, isAccepted, wordsOf } from '../examination.js'
import { type Finding, finding } from '../faults.js'
import { learnReference, printOf, type Sample } from '../reference.js'

/** All eight types are accepted with 200; and what the answers of a run and of a duplicate look like. */
export const genuine: Check = {
  title: 'genuine deliveries',
  async examine(x) {
    const [firstType, ...otherTypes] = BILLING_EVENT_TYPES
    const first: Round = await play(x, { type: firstType })
    // side by side: a slow handler would make a long wait of it
    const others = await Promise.all(otherTypes.map((type) => play(x, { type }, x.facts.isAccepting)))
    const rounds = [first, ...others]
    if (!x.facts.isAccepting) return judgeRefusal(x, first)
    await learn(x, rounds)
    return foundOr([...statusFindings(rounds), ...typeFindings(rounds)], ok(describe(rounds, x)))
  },
}

/** One event, delivered until it is accepted, and then again. */
interface Round {
  readonly type: BillingEventType
  readonly answers: readonly [Answer, ...Answer[]]
  readonly again: Answer | undefined
  readonly isAccepted: boolean
}

async function play(
  x: Examination,
  { type = x.facts.subject, data = {} }: { readonly type?: BillingEventType; readonly data?: Facts['tellingData'] },
  isPatient = true,
): Promise<Round> {
  const probe = x.event({ type, data })
  const answers: Round['answers'] = isPatient ? await x.deliverUntilAccepted(probe) : [await x.deliver(probe)]
  const accepted = answers.some(isAccepted)
  x.facts.isAccepting ||= accepted
  return { type, answers, isAccepted: accepted, again: accepted ? await x.deliver(probe) : undefined }
}

const sampleOf = ({ answers: [first], again }: Round): Sample[] => (again === undefined ? [] : [{ first, again }])

/** Looks for a type whose duplicates can be told from first deliveries, else for a handler that does what `data.doctor` asks. */
async function learn(x: Examination, rounds: readonly Round[]): Promise<void> {
  const { facts, times } = x
  const accepted = rounds.filter((round) => round.isAccepted)
  const slowest = accepted.toSorted((a, b) => b.answers[0].durationMs - a.answers[0].durationMs)[0]
  const telling = accepted.find((round) =>
    sampleOf(round).some(({ first, again }) => printOf(first) !== printOf(again)),
  )
  const subject = telling ?? slowest
  facts.subject = subject?.type ?? facts.subject
  facts.failsAtFirst = subject?.answers.length !== 1
  await learnFrom(x, {})
  if (facts.reference.tells === 'nothing') await learnFrom(x, { doctor: { delayMs: times.handlerMs } })
}

async function learnFrom(x: Examination, data: Facts['tellingData']): Promise<void> {
  const samples: Sample[] = []
  for (let round = 0; round < 3; round++) samples.push(...sampleOf(await play(x, { data })))
  const reference = learnReference(samples)
  if (reference.tells === 'nothing') return
  x.facts.reference = reference
  x.facts.tellingData = data
}

function statusFindings(rounds: readonly Round[]): Finding[] {
  const answers = rounds.flatMap(({ answers, again }) => (again ? [...answers, again] : answers))
  const other = answers.find((answer) => isAccepted(answer) && answer.status !== 200)
  return other === undefined ? [] : [finding('success_not_200', `A genuine delivery was answered ${wordsOf(other)}.`)]
}

function typeFindings(rounds: readonly Round[]): Finding[] {
  return rounds
    .filter((round) => !round.isAccepted)
    .map(({ type, answers }) => {
      const words = answers.map(wordsOf).join(', then ')
      return finding('genuine_refused', `${type} was answered ${words}; other types are accepted.`)
    })
}

function describe(rounds: readonly Round[], { facts }: Examination): string {
  return `all ${rounds.length} types accepted${facts.failsAtFirst ? ', after a failure each' : ''}`
}

/** Nothing was accepted: because of a missing claim, another issuer, or something else. */
async function judgeRefusal(x: Examination, refused: Round): Promise<CheckOutcome> {
  const words = wordsOf(refused.answers[0])
  x.facts.extraClaims = { iss: x.issuer.url }
  const withIssuer = await play(x, {})
  if (withIssuer.isAccepted) {
    await learnFrom(x, {})
    const evidence = `A genuine token was answered ${words}, and accepted once it carried iss.`
    return found(finding('issuer_claim_required', evidence))
  }
  x.facts.extraClaims = {}
  if (/^404/.test(words)) return found(finding('endpoint_unreachable', `It answered ${words}.`))
  // 503: it asks somebody else, who does not answer
  if (x.issuer.requests === 0 && /^(?:401|403|503)/.test(words))
    return found(finding('issuer_not_trusted', `It answered ${words}, and never asked ${x.issuer.url} for its keys.`))
  const asked = x.issuer.requests > 0 ? "It has asked for the issuer's keys" : "It never asked for the issuer's keys"
  return found(finding('genuine_refused', `${asked}, and answered ${words}.`))
}
