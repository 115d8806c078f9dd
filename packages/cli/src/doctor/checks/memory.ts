import { type Check, foundOr, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { finding } from '../faults.js'
import type { Run } from '../reference.js'
import { isAccepted, type Probe, type Session } from '../session.js'

/** More than an inbox with room for a few events would remember. */
const EVENTS_BETWEEN = 30
const SAMPLES = 3

/** Event ids are remembered, and compared exactly. */
export const memory: Check = {
  title: 'what is remembered',
  async run(session) {
    const { facts, countRuns } = session
    if (!facts.isAccepting) return NOT_ACCEPTING
    if ((await countRuns(session.event())) === undefined && facts.reference.tells === 'nothing')
      return unclear('whether the handler runs cannot be seen')
    const findings = []
    if (await forgetsMarks(session))
      findings.push(
        finding(
          'marks_forgotten',
          `After ${EVENTS_BETWEEN} other events, ${SAMPLES} events that had been handled were handled again.`,
        ),
      )
    if (await ignoresCase(session))
      findings.push(
        finding(
          'ids_compared_without_case',
          'Two events whose ids differ only in case from earlier ones were not handled.',
        ),
      )
    return foundOr(findings, ok(`remembered after ${EVENTS_BETWEEN} others; ids are compared exactly`))
  },
}

/** An endpoint that remembers nothing at all has another fault. */
async function forgetsMarks(session: Session): Promise<boolean> {
  const runs = await runsAgain(session, () => deliverOthers(session))
  if (!isMostly('ran', runs) || runs.includes('skipped')) return false
  return isMostly('skipped', await runsAgain(session, async () => {}))
}

const isMostly = (run: Run, runs: readonly Run[]): boolean => runs.filter((one) => one === run).length > SAMPLES / 2

/** Delivers some events, does something, and delivers them again. */
async function runsAgain(session: Session, between: () => Promise<void>): Promise<Run[]> {
  const samples: { readonly probe: Probe; readonly before: number | undefined }[] = []
  while (samples.length < SAMPLES) {
    const probe = visibleEvent(session)
    await session.deliverUntilAccepted(probe)
    if (session.facts.runsLate) await session.awaitRun(probe)
    samples.push({ probe, before: await session.countRuns(probe) })
  }
  await between()
  const runs: Run[] = []
  for (const { probe, before } of samples) runs.push(await session.findRun(probe, await session.deliver(probe), before))
  return runs
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

/** Two of four: under load, a skipped event may look like one that ran, but not the other way round. */
async function ignoresCase(session: Session): Promise<boolean> {
  let lost = 0
  for (let tries = 0; tries < 4 && lost < 2; tries++) {
    if (await isLostWithoutCase(session)) lost += 1
    else if (tries === 1 && lost === 0) return false
  }
  return lost === 2
}

async function isLostWithoutCase(session: Session): Promise<boolean> {
  const letters = crypto.randomUUID().replaceAll('-', '').slice(0, 24)
  await session.deliverUntilAccepted(visibleEvent(session, `event_${letters}abcdef`))
  const other = visibleEvent(session, `event_${letters.toUpperCase()}ABCDEF`)
  const before = await session.countRuns(other)
  // by its look, a first attempt that fails is like one that was skipped
  if (before === undefined && session.facts.failsAtFirst) return false
  const accepted = (await session.deliverUntilAccepted(other)).at(-1)
  if (accepted === undefined || !isAccepted(accepted)) return false
  if ((await session.findRun(other, accepted, before)) !== 'skipped') return false
  // a run may be counted a moment after the answer
  if (await session.awaitRun(other, before)) return false
  // a handler that has become quicker than it was would look the same
  const control = visibleEvent(session)
  const answer = (await session.deliverUntilAccepted(control)).at(-1)
  return answer !== undefined && (await session.findRun(control, answer)) === 'ran'
}
