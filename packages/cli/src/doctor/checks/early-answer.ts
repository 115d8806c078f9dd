import type { Answer } from '../../endpoint/send.js'
import { type Check, found, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { type Finding, finding } from '../faults.js'
import { fingerprint } from '../reference.js'
import { describeAnswer, isAccepted, type Session } from '../session.js'

/** The answer comes after the handler has finished, and tells whether it failed. */
export const earlyAnswer: Check = {
  title: 'answer after the handler',
  async run(session) {
    const { facts } = session
    if (!facts.isAccepting) return NOT_ACCEPTING
    if (facts.isCooperating) {
      const failure = await findAcknowledgedFailure(session)
      if (failure !== undefined) return found(failure)
    } else {
      const lost = await findLostFailure(session)
      if (lost !== undefined) return found(lost)
    }
    const [first, second] = [await findEarlyAnswer(session), await findEarlyAnswer(session)]
    // twice: under load, one sample proves nothing
    if (first !== undefined && second !== undefined && first.confidence === second.confidence) return found(first)
    if (facts.isCooperating) return ok('the answer waits for the handler')
    if (facts.runsLate)
      return unclear('the answer comes before the handler has run; that is right if the event was stored durably first')
    return unclear('the handler is too quick to be seen running; let it obey data.doctor, as the documentation shows')
  },
}

/** A handler that takes as long as it is asked to also fails if it is asked to. */
async function findAcknowledgedFailure(session: Session): Promise<Finding | undefined> {
  const { handlerMs } = session.times
  const data = { doctor: { delayMs: handlerMs, fail: true } }
  const answers = [await session.deliver(session.event({ data })), await session.deliver(session.event({ data }))]
  if (!answers.every((answer) => isAccepted(answer) && answer.durationMs >= handlerMs * 0.9)) return undefined
  const words = [...new Set(answers.map(describeAnswer))].join(' and ')
  return finding(
    'failure_acknowledged',
    `Two events that asked the handler to fail were answered ${words} after it had run.`,
  )
}

/**
 * The handler is asked to fail, and the endpoint acknowledges the event and does not mark it: it answered before it knew. A
 * queue that has given up may look the same, so this is likely.
 */
async function findLostFailure(session: Session): Promise<Finding | undefined> {
  const deliverTwice = async (doctor: object): Promise<readonly [string, string, Answer]> => {
    const probe = session.event({ data: { doctor } })
    const first = await session.deliver(probe)
    await session.pause(session.times.handlerMs)
    return [fingerprint(first), fingerprint(await session.deliver(probe)), first]
  }
  const [usual, duplicate, answer] = await deliverTwice({})
  if (usual === duplicate || !isAccepted(answer)) return undefined
  for (let tries = 0; tries < 2; tries++)
    if ((await deliverTwice({ fail: true })).slice(0, 2).some((print) => print !== usual)) return undefined
  const [, control] = await deliverTwice({})
  if (control !== duplicate || (await isRetriedByItself(session))) return undefined
  return finding(
    'acknowledged_before_handled',
    `Two events that asked the handler to fail were answered ${describeAnswer(answer)}, and the same when they were delivered again; other events are duplicates then.`,
    'likely',
  )
}

/** Seen in one of two ways: by the count of runs, or by a duplicate that is refused because the first is still running. */
async function findEarlyAnswer(session: Session): Promise<Finding | undefined> {
  const { handlerMs } = session.times
  const probe = session.event({ data: { ...session.facts.tellingData, doctor: { delayMs: handlerMs } } })
  const answers = await session.deliverUntilAccepted(probe)
  const answer = answers.at(-1)
  if (answer === undefined || !isAccepted(answer)) return undefined
  const runs = await session.countRuns(probe)
  const again = await session.deliver(probe)
  if (runs === 0 && (await session.awaitRun(probe)) && !(await isRetriedByItself(session)))
    return finding(
      'acknowledged_before_handled',
      `An event was answered ${describeAnswer(answer)} before --ran-url counted its run, twice.`,
      'likely',
    )
  const isRefused = again.status !== undefined && !isAccepted(again) && again.status !== 401
  if (isRefused && (await becomesTrue(session, async () => isAccepted(await session.deliver(probe)))))
    return finding(
      'acknowledged_before_handled',
      `An event was answered ${describeAnswer(answer)}, and a duplicate right after it ${describeAnswer(again)}: the handler was still running. This happened twice.`,
    )
  return undefined
}

/** A queue tries again after a failure, so the answer may come first. Seen only if the handler fails when it is asked to. */
async function isRetriedByItself(session: Session): Promise<boolean> {
  const probe = session.event({ data: { doctor: { fail: true } } })
  return isAccepted(await session.deliver(probe)) && (await session.awaitRun(probe)) && session.awaitRun(probe, 1)
}

async function becomesTrue(session: Session, test: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 12; tries++) {
    if (await test()) return true
    await session.pause(session.times.handlerMs / 4)
  }
  return false
}
