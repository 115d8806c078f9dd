import type { Answer } from '../../endpoint/send.js'
import { type Check, type CheckOutcome, found, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { finding } from '../faults.js'
import { median } from '../median.js'
import { describeAnswer, isAccepted, type Probe, type Session } from '../session.js'

/** An attempt that failed is run again. */
export const failedAttempt: Check = {
  title: 'another attempt after a failure',
  async run(session) {
    const { facts } = session
    const data = await findFailingData(session)
    if (data !== undefined || facts.failsAtFirst) {
      const outcome = await (data === undefined ? checkFirstFailure(session) : checkRepeatedFailure(session, data))
      facts.isFailureKnown = outcome.verdict !== 'unclear'
      return outcome
    }
    if (!facts.isAccepting) return NOT_ACCEPTING
    return unclear('no event made the handler fail; let it obey data.doctor.fail, as the documentation shows')
  },
}

type Data = Probe['claims'] & { readonly [member: string]: unknown }

/** Looks for an event on which the handler always fails: one that asks for it, or one without data. */
async function findFailingData(session: Session): Promise<Data | undefined> {
  const asked = { doctor: { fail: true } }
  const empty = Object.fromEntries(Object.keys(getData(session.event())).map((member) => [member, undefined]))
  for (const data of [asked, empty]) {
    const answers = [await session.deliver(session.event({ data })), await session.deliver(session.event({ data }))]
    if (!answers.every((answer) => isFailure(answer, session))) continue
    // a handler that fails on every first attempt tells nothing about these events
    if (session.facts.failsAtFirst) return undefined
    session.facts.failingData = data
    return data
  }
  return undefined
}

function getData({ claims }: Probe): object {
  return 'data' in claims && typeof claims.data === 'object' && claims.data !== null ? claims.data : {}
}

/** If the endpoint has accepted nothing, only a 5xx behind a verified signature is a failure of the handler. */
function isFailure({ status = 0 }: Answer, { facts, issuer }: Session): boolean {
  if (facts.isAccepting) return status >= 400 && status !== 401 && status !== 413
  return status >= 500 && issuer.requests > 0
}

/** Two events, so that a failure that happened to pass is not taken for a mark. */
async function checkRepeatedFailure(session: Session, data: Data): Promise<CheckOutcome> {
  const sample = await deliverThrice(session, data)
  const results = [sample, await deliverThrice(session, data)]
  const [first, ...others] = sample.answers
  const late = others.find(isAccepted)
  if (results.every((result) => isMarked(result)) && late !== undefined)
    return found(
      finding(
        'marked_before_handled',
        `An event on which its handler failed was answered ${describeAnswer(first)}, and ${describeAnswer(late)} when it was delivered again.`,
      ),
    )
  if (results.every((result) => result.hasRunAgain === false))
    return found(finding('marked_before_handled', 'After a failure, the handler did not run again for the same event.'))
  return results.some((result) => result.hasRunAgain === false || isMarked(result))
    ? unclear('the handler fails, but not every time')
    : ok(`fails again: ${describeAnswer(others[0] ?? first)}`)
}

interface Attempts {
  readonly answers: readonly [Answer, Answer, Answer]
  /** `undefined` if runs are not counted, or only those that succeed. */
  readonly hasRunAgain: boolean | undefined
}

async function deliverThrice(session: Session, data: Data): Promise<Attempts> {
  const probe = session.event({ data })
  const first = await session.deliver(probe)
  const runs = await session.countRuns(probe)
  const others: [Answer, Answer] = [await session.deliver(probe), await session.deliver(probe)]
  const runsAfter = await session.countRuns(probe)
  return { answers: [first, ...others], hasRunAgain: hasRunAgain(runs, runsAfter, others) }
}

/** A count that stays 0 tells nothing while attempts fail: the application may count only what succeeds. */
function hasRunAgain(runs: number | undefined, runsAfter: number | undefined, others: readonly Answer[]) {
  if (runs === undefined || runsAfter === undefined) return undefined
  if (runsAfter !== runs) return true
  return runs > 0 || others.some(isAccepted) ? false : undefined
}

const isMarked = ({ answers: [first, ...others] }: Attempts): boolean => !isAccepted(first) && others.some(isAccepted)

const SAMPLES = 3
const SLOW_MS = 50

/** The handler fails on every first attempt and then succeeds. */
async function checkFirstFailure(session: Session): Promise<CheckOutcome> {
  const { tellingData } = session.facts
  const sample = await deliverThrice(session, tellingData)
  const results = [sample]
  while (results.length < SAMPLES) results.push(await deliverThrice(session, tellingData))
  const [first, second] = sample.answers
  const words = `The first attempt was answered ${describeAnswer(first)}, and the next ${describeAnswer(second)}`
  if (!results.every(isMarked)) return unclear(words)
  if (sample.hasRunAgain !== undefined)
    return results.every((result) => result.hasRunAgain === false)
      ? found(
          finding(
            'marked_before_handled',
            `${words}, and the handler did not run again, in ${SAMPLES} of ${SAMPLES} events.`,
          ),
        )
      : ok('run again')
  if (results.every((result) => /duplicate|already/i.test(result.answers[1].body)))
    return found(finding('marked_before_handled', `${words}, in ${SAMPLES} of ${SAMPLES} events.`))
  if (results.every((result) => describeAnswer(result.answers[1]) !== describeAnswer(result.answers[2])))
    return ok('run again')
  return compareTimes(results, words)
}

function compareTimes(results: readonly Attempts[], words: string): CheckOutcome {
  const first = Math.min(...results.map(({ answers }) => answers[0].durationMs))
  const second = median(results.map(({ answers }) => answers[1].durationMs))
  if (first < SLOW_MS) return unclear(`${words}; whether the handler ran again cannot be seen`)
  if (second > first / 2) return ok('run again, by the time it took')
  const evidence = `${words}, too soon for the handler to have run, in ${SAMPLES} of ${SAMPLES} events.`
  return found(finding('marked_before_handled', evidence, 'likely'))
}
