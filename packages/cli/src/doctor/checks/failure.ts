import type { Answer } from '../../endpoint/send.js'
import { type Check, type CheckOutcome, found, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { type Examination, isAccepted, type Probe, wordsOf } from '../examination.js'
import { finding } from '../faults.js'

/** An attempt that failed is run again. */
export const failedAttempt: Check = {
  title: 'another attempt after a failure',
  async examine(x) {
    const failing = await findFailing(x)
    if (failing !== undefined || x.facts.failsAtFirst) {
      const outcome = await (failing === undefined ? judgeFailingAtFirst(x) : judgeAlwaysFailing(x, failing))
      x.facts.isFailureJudged = outcome.verdict !== 'unclear'
      return outcome
    }
    if (!x.facts.isAccepting) return NOT_ACCEPTING
    return unclear('no event made the handler fail; let it heed data.doctor.fail, as the documentation shows')
  },
}

interface Failing {
  readonly data: { readonly [member: string]: unknown }
  readonly probe: Probe
  readonly answer: Answer
}

/** Looks for an event that the handler fails with, each time: one that asks for it, or one without what it needs. */
async function findFailing(x: Examination): Promise<Failing | undefined> {
  const asked = { doctor: { fail: true } }
  const empty = Object.fromEntries(Object.keys(membersOf(x.event())).map((member) => [member, undefined]))
  for (const data of [asked, empty]) {
    const [answer, other] = [await x.deliver(x.event({ data })), await x.deliver(x.event({ data }))]
    if (!isFailure(answer, x) || !isFailure(other, x)) continue
    // a handler that fails with every first attempt says nothing about these events
    if (x.facts.failsAtFirst) return undefined
    x.facts.failingData = data
    const probe = x.event({ data })
    return { data, probe, answer: await x.deliver(probe) }
  }
  return undefined
}

function membersOf({ claims }: Probe): object {
  return 'data' in claims && typeof claims.data === 'object' && claims.data !== null ? claims.data : {}
}

/** Of an endpoint that has accepted nothing, only a fault of its own, behind a verified signature, is one of the handler. */
function isFailure({ status = 0 }: Answer, { facts, issuer }: Examination): boolean {
  if (facts.isAccepting) return status >= 400 && status !== 401 && status !== 413
  return status >= 500 && issuer.requests > 0
}

async function judgeAlwaysFailing(x: Examination, { probe, answer }: Failing): Promise<CheckOutcome> {
  const runs = await x.runsOf(probe)
  const again = await x.deliver(probe)
  const third = await x.deliver(probe)
  const late = [again, third].find(isAccepted)
  if (late !== undefined)
    return found(
      finding(
        'marked_before_handled',
        `An event that its handler failed with was answered ${wordsOf(answer)}, and ${wordsOf(late)} when it came again.`,
      ),
    )
  if (runs !== undefined && (await x.runsOf(probe)) === runs)
    return found(finding('marked_before_handled', 'After a failure, the handler did not run again for the same event.'))
  return ok(`fails again: ${wordsOf(again)}`)
}

/** The handler fails with every first attempt, and then succeeds: only looks and times can tell whether it ran again. */
async function judgeFailingAtFirst(x: Examination): Promise<CheckOutcome> {
  const probe = x.event({ data: x.facts.tellingData })
  const first = await x.deliver(probe)
  const runs = await x.runsOf(probe)
  const second = await x.deliver(probe)
  if (isAccepted(first) || !isAccepted(second)) return unclear(`answered ${wordsOf(first)}, then ${wordsOf(second)}`)
  const words = `The first attempt was answered ${wordsOf(first)}, and the next ${wordsOf(second)}`
  if (runs !== undefined)
    return (await x.runsOf(probe)) === runs
      ? found(finding('marked_before_handled', `${words}, without the handler having run again.`))
      : ok('run again')
  const third = await x.deliver(probe)
  if (wordsOf(second) !== wordsOf(third)) return ok('run again')
  if (first.durationMs > 50 && second.durationMs > first.durationMs / 2) return ok('run again, by the time it took')
  const looks = first.durationMs > 50 ? 'too soon for the handler to have run' : 'as any duplicate is'
  return found(finding('marked_before_handled', `${words}, ${looks}.`, 'likely'))
}
