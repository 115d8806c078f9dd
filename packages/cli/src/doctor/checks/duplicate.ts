import type { Answer } from '../../endpoint/send.js'
import { type Check, type CheckOutcome, found, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { finding } from '../faults.js'
import { fingerprint } from '../reference.js'
import { describeAnswer, isAccepted, type Probe, type Session } from '../session.js'

/** A duplicate is acknowledged with 200, and its handler does not run. */
export const duplicate: Check = {
  title: 'duplicate',
  async run(session) {
    if (!session.facts.isAccepting) return NOT_ACCEPTING
    const probe = session.event({ data: session.facts.tellingData })
    const first = (await session.deliverUntilAccepted(probe)).at(-1)
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

/** More than an inbox with room for a few events would remember. */
const EVENTS_BETWEEN = 30

/** Event ids are remembered, and compared exactly. */
export const memory: Check = {
  title: 'what is remembered',
  async run(session) {
    const { facts } = session
    if (!facts.isAccepting) return NOT_ACCEPTING
    const probe = visibleEvent(session)
    await session.deliverUntilAccepted(probe)
    const before = await session.countRuns(probe)
    if (before === undefined && facts.reference.tells === 'nothing')
      return unclear('whether the handler runs cannot be seen')
    await deliverOthers(session)
    const again = await session.deliver(probe)
    const findings = []
    if (before !== 0 && (await session.findRun(probe, again, before)) === 'ran' && !(await runsForDuplicate(session)))
      findings.push(
        finding(
          'marks_forgotten',
          `After ${EVENTS_BETWEEN} other events, an event that had been handled was handled again.`,
        ),
      )
    if ((await isLostWithoutCase(session)) && (await isLostWithoutCase(session)))
      findings.push(
        finding(
          'ids_compared_without_case',
          'An event whose id differs only in case from an earlier one was not handled, twice.',
        ),
      )
    return findings.length > 0
      ? found(...findings)
      : ok(`remembered after ${EVENTS_BETWEEN} others; ids are compared exactly`)
  },
}

const visibleEvent = (session: Session, eventId?: string): Probe =>
  session.event({
    data: session.facts.tellingData,
    ...(eventId === undefined ? {} : { claims: { event_id: eventId } }),
  })

async function deliverOthers(session: Session): Promise<void> {
  for (let sent = 0; sent < EVENTS_BETWEEN; sent += 6)
    await Promise.all(Array.from({ length: 6 }, () => session.deliverUntilAccepted(session.event())))
}

/** An endpoint that remembers nothing at all has another fault. */
async function runsForDuplicate(session: Session): Promise<boolean> {
  const probe = visibleEvent(session)
  await session.deliverUntilAccepted(probe)
  const before = await session.countRuns(probe)
  return (await session.findRun(probe, await session.deliver(probe), before)) === 'ran'
}

async function isLostWithoutCase(session: Session): Promise<boolean> {
  const id = `event_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}abcdefAB`
  await session.deliverUntilAccepted(visibleEvent(session, id.toLowerCase()))
  const other = visibleEvent(session, `event_${id.slice('event_'.length).toUpperCase()}`)
  const before = await session.countRuns(other)
  const answers = await session.deliverUntilAccepted(other)
  const accepted = answers.at(-1)
  if (accepted === undefined || !isAccepted(accepted)) return false
  // by its look a first attempt that fails is no different from one that was skipped
  if (before === undefined && session.facts.failsAtFirst) return false
  if ((await session.findRun(other, accepted, before)) !== 'skipped') return false
  // a handler that has become quicker than it was would look the same
  const control = visibleEvent(session)
  const answer = (await session.deliverUntilAccepted(control)).at(-1)
  return answer !== undefined && (await session.findRun(control, answer)) === 'ran'
}
