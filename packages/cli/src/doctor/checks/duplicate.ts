import type { Answer } from '../../endpoint/send.js'
import { type Check, type CheckOutcome, found, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { finding } from '../faults.js'
import { fingerprint } from '../reference.js'
import { describeAnswer, isAccepted, type Session } from '../session.js'

/** A duplicate is acknowledged with 200, and its handler does not run. */
export const duplicate: Check = {
  title: 'duplicate',
  async run(session) {
    if (!session.facts.isAccepting) return NOT_ACCEPTING
    const probe = session.event({ data: session.facts.tellingData })
    const first = (await session.deliverUntilAccepted(probe)).at(-1)
    if (session.facts.runsLate) await session.awaitRun(probe)
    const runs = await session.countRuns(probe)
    let again = await session.deliver(probe)
    for (let tries = 0; tries < 2 && !isAccepted(again); tries++) {
      await session.pause(session.times.handlerMs)
      again = await session.deliver(probe)
    }
    if (!isAccepted(again)) {
      const evidence = `An event that was accepted is answered ${describeAnswer(again)} when it is delivered again.`
      return found(finding('duplicate_refused', evidence))
    }
    if (runs === undefined) return compareAnswers(session, first, again)
    return (await session.findRun(probe, again, runs)) === 'ran'
      ? found(finding('duplicate_handled_again', 'The handler ran again for the same event.'))
      : ok('acknowledged, and not handled again')
  },
}

async function compareAnswers(session: Session, first: Answer | undefined, again: Answer): Promise<CheckOutcome> {
  const { reference, isCooperating } = session.facts
  if (reference.tells !== 'nothing') return ok('acknowledged, and told from a first delivery')
  if (isCooperating && (await isDelayedAgain(session)) && (await isDelayedAgain(session)))
    return found(
      finding('duplicate_handled_again', 'The handler was running just as long for the same event again, twice.'),
    )
  const looks =
    first !== undefined && fingerprint(first) === fingerprint(again) ? 'looks like a first delivery' : 'varies'
  return unclear(`acknowledged; its answer ${looks}, so whether the handler ran again cannot be seen`)
}

async function isDelayedAgain(session: Session): Promise<boolean> {
  const { handlerMs } = session.times
  const probe = session.event({ data: { doctor: { delayMs: handlerMs } } })
  await session.deliverUntilAccepted(probe)
  return (await session.deliver(probe)).durationMs >= handlerMs * 0.9
}
