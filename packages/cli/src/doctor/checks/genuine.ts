import { setTimeout as sleep } from 'node:timers/promises'
import { BILLING_EVENT_TYPES, type BillingEventType } from '@kinde-billing/core'
import type { Answer } from '../../send.js'
import { type Check, type CheckOutcome, found, foundOr, ok, unclear } from '../check.js'
import { type Examination, isAccepted, type Probe, wordsOf } from '../examination.js'
import { type Finding, finding } from '../faults.js'
import { learnReference, printOf, type Sample } from '../reference.js'

/** All eight types are accepted with 200; and what the answers of a run and of a duplicate look like. */
export const genuine: Check = {
  title: 'genuine deliveries',
  async examine(x) {
    const asked = x.issuer.requests
    const rounds = new Map<BillingEventType, Round>()
    for (const type of BILLING_EVENT_TYPES)
      rounds.set(type, await play(x, { type }, rounds.size < 2 || x.facts.isAccepting))
    const refused = [...rounds].filter(([, round]) => !round.isAccepted)
    if (!x.facts.isAccepting) return judgeRefusal(x, refused, x.issuer.requests > asked)
    await learn(x, rounds)
    return foundOr([...statusFindings(rounds), ...typeFindings(refused)], ok(describe(rounds.size, x)))
  },
}

/** One event, delivered until it is accepted, and then again. */
interface Round {
  readonly probe: Probe
  readonly answers: readonly [Answer, ...Answer[]]
  readonly again: Answer | undefined
  readonly isAccepted: boolean
}

async function play(x: Examination, event: Parameters<Examination['event']>[0], isPatient = true): Promise<Round> {
  const probe = x.event(event)
  const answers = isPatient ? await x.deliverUntilAccepted(probe) : ([await x.deliver(probe)] as [Answer])
  const accepted = answers.some(isAccepted)
  x.facts.isAccepting ||= accepted
  return { probe, answers, isAccepted: accepted, again: accepted ? await x.deliver(probe) : undefined }
}

const sampleOf = ({ answers: [first], again }: Round): Sample[] => (again === undefined ? [] : [{ first, again }])

/** Looks for a type whose duplicates can be told from first deliveries, else for a handler that does what `data.doctor` asks. */
async function learn(x: Examination, rounds: ReadonlyMap<BillingEventType, Round>): Promise<void> {
  const { facts, times } = x
  const accepted = [...rounds].filter(([, round]) => round.isAccepted)
  const telling = accepted.find(([, round]) =>
    sampleOf(round).some(({ first, again }) => printOf(first) !== printOf(again)),
  )
  const slowest = accepted.toSorted(([, a], [, b]) => b.answers[0].durationMs - a.answers[0].durationMs)
  facts.subject = (telling ?? slowest[0])?.[0] ?? facts.subject
  facts.failsAtFirst = rounds.get(facts.subject)?.answers.length !== 1
  await learnFrom(x, {})
  if (facts.reference.tells === 'nothing') await learnFrom(x, { doctor: { delayMs: times.handlerMs } })
}

async function learnFrom(x: Examination, data: { readonly [member: string]: unknown }): Promise<void> {
  const samples: Sample[] = []
  for (let round = 0; round < 3; round++) samples.push(...sampleOf(await play(x, { data })))
  const reference = learnReference(samples)
  if (reference.tells === 'nothing') return
  x.facts.reference = reference
  x.facts.tellingData = data
}

function statusFindings(rounds: ReadonlyMap<BillingEventType, Round>): Finding[] {
  const answers = [...rounds.values()].flatMap(({ answers, again }) => (again ? [...answers, again] : answers))
  const other = answers.find((answer) => isAccepted(answer) && answer.status !== 200)
  return other === undefined ? [] : [finding('success_not_200', `A genuine delivery was answered ${wordsOf(other)}.`)]
}

function typeFindings(refused: readonly [BillingEventType, Round][]): Finding[] {
  return refused.map(([type, { answers }]) =>
    finding(
      'genuine_refused',
      `${type} was answered ${answers.map(wordsOf).join(', then ')}; other types are accepted.`,
    ),
  )
}

function describe(types: number, { facts }: Examination): string {
  const after = facts.failsAtFirst ? ', at another attempt after a failure' : ''
  return `all ${types} types accepted${after}`
}

/** Nothing was accepted: because of a missing claim, another issuer, or something else. */
async function judgeRefusal(
  x: Examination,
  refused: readonly [BillingEventType, Round][],
  hasAskedForKeys: boolean,
): Promise<CheckOutcome> {
  x.facts.extraClaims = { iss: x.issuer.url }
  const withIssuer = await play(x, {})
  const words = refused.map(([, { answers }]) => wordsOf(answers[0]))[0] ?? 'nothing'
  if (withIssuer.isAccepted) {
    await learnFrom(x, {})
    return found(
      finding('issuer_claim_required', `A genuine token was answered ${words}, and accepted once it carried iss.`),
    )
  }
  x.facts.extraClaims = {}
  if (withIssuer.answers[0].failure === 'not connected') return found(finding('endpoint_unreachable', `${words}.`))
  if (!hasAskedForKeys && x.issuer.requests === 0 && /^40[13]/.test(words))
    return found(finding('issuer_not_trusted', `It answered ${words}, and never asked ${x.issuer.url} for its keys.`))
  const asked = x.issuer.requests > 0 ? 'It knows the issuer’s keys' : 'It never asked for the issuer’s keys'
  return found(finding('genuine_refused', `${asked}, and answered ${words}.`))
}

/** A duplicate is acknowledged with 200, and its handler does not run. */
export const duplicate: Check = {
  title: 'duplicate',
  async examine(x) {
    if (!x.facts.isAccepting) return unclear('no delivery was accepted that could be sent again')
    const probe = x.event({ data: x.facts.tellingData })
    const [first] = (await x.deliverUntilAccepted(probe)).slice(-1)
    const runs = await x.runsOf(probe)
    let again = await x.deliver(probe)
    for (let tries = 0; tries < 2 && !isAccepted(again); tries++) {
      await sleep(x.times.handlerMs)
      again = await x.deliver(probe)
    }
    if (!isAccepted(again))
      return found(
        finding('duplicate_refused', `An event that was accepted is answered ${wordsOf(again)} when it comes again.`),
      )
    const run = runs === undefined ? undefined : await x.runFor(probe, again, runs)
    if (run === 'ran') return found(finding('duplicate_handled_again', 'The handler ran again for the same event.'))
    if (run === 'skipped') return ok('acknowledged, and not handled again')
    return judgeByLooks(x, first, again)
  },
}

async function judgeByLooks(x: Examination, first: Answer | undefined, again: Answer): Promise<CheckOutcome> {
  const { reference, tellingData } = x.facts
  if (reference.tells !== 'nothing') return ok('acknowledged, and told from a first delivery')
  const asked = x.event({ data: { ...tellingData, doctor: { delayMs: x.times.handlerMs } } })
  const slow = (await x.deliverUntilAccepted(asked)).at(-1)
  const repeat = await x.deliver(asked)
  const isSlow = (answer: Answer | undefined): boolean => (answer?.durationMs ?? 0) >= x.times.handlerMs * 0.9
  if (isSlow(slow) && isSlow(repeat))
    return found(finding('duplicate_handled_again', 'The handler was at work just as long for the same event again.'))
  const looks = first !== undefined && printOf(first) === printOf(again) ? 'looks like a first delivery' : 'varies'
  return unclear(`acknowledged; its answer ${looks}, so whether the handler ran again cannot be seen`)
}
