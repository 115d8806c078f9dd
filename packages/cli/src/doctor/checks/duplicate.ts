import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from '../../endpoint/send.js'
import { type Check, type CheckOutcome, found, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { type Examination, isAccepted, wordsOf } from '../examination.js'
import { finding } from '../faults.js'
import { printOf } from '../reference.js'

/** A duplicate is acknowledged with 200, and its handler does not run. */
export const duplicate: Check = {
  title: 'duplicate',
  async examine(x) {
    if (!x.facts.isAccepting) return NOT_ACCEPTING
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
