import type { Answer } from '../../endpoint/send.js'
import { type Check, found, foundOr, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { type Finding, finding } from '../faults.js'
import { describeAnswer, isAccepted, type Probe, type Session } from '../session.js'

/** Duplicates that arrive while the first attempt is running are not acknowledged, and run nothing. */
export const concurrentDuplicates: Check = {
  title: 'concurrent duplicates',
  async run(session) {
    const { facts, times } = session
    const findings: Finding[] = []
    if (facts.failingData !== undefined) findings.push(...(await findAcknowledgedInFailure(session)))
    const delayed = { ...facts.tellingData, doctor: { delayMs: times.handlerMs } }
    const plain = await burst(session, session.event({ data: facts.tellingData }))
    const slow = await burst(session, session.event({ data: delayed }))
    for (const [first, data] of [
      [plain, facts.tellingData],
      [slow, delayed],
    ] as const) {
      if (findings.length > 0 || findEarly(first) === undefined) continue
      // once more: a busy machine delays single answers
      const second = await burst(session, session.event({ data }))
      const third = await burst(session, session.event({ data }))
      if ([second, third].every((answers) => findEarly(answers) !== undefined))
        findings.push(...earlyFindings(first, session))
    }
    if (facts.isAccepting) findings.push(...(await findDoubleRun(session)))
    if (findings.length > 0) return found(...findings)
    if ([plain, slow].some(([first]) => first.durationMs > 2 * STEP_MS) || facts.failingData !== undefined)
      return ok('none was acknowledged before the first was done')
    return foundOr(
      [],
      facts.isAccepting
        ? unclear(
            'the handler is too quick to be met running; let it obey data.doctor.delayMs, as the documentation shows',
          )
        : NOT_ACCEPTING,
    )
  },
}

const STEP_MS = 20
/** Scheduling may delay an answer by this without meaning anything. */
const MARGIN_MS = 30
const DUPLICATES = 8

/** Delivers the same event again and again while the first attempt may be running. Answers in the order of sending. */
async function burst(session: Session, probe: Probe): Promise<readonly [Answer, ...Answer[]]> {
  const deliverLater = async (index: number): Promise<Answer> => {
    await session.pause((index + 1) * STEP_MS)
    return session.deliver(probe)
  }
  // all at once, so that one that is stopped is not left unhandled
  const [first, ...others] = await Promise.all([
    session.deliver(probe),
    ...Array.from({ length: DUPLICATES }, (_, index) => deliverLater(index)),
  ])
  return [first, ...others]
}

/** If the handler always fails, no attempt may be acknowledged. */
async function findAcknowledgedInFailure(session: Session): Promise<Finding[]> {
  const data = { ...session.facts.failingData, doctor: { fail: true, delayMs: session.times.handlerMs } }
  const [first, ...others] = await burst(session, session.event({ data }))
  const acknowledged = others.find(isAccepted)
  if (isAccepted(first) || acknowledged === undefined) return []
  return [
    finding(
      'acknowledged_while_at_work',
      `The first attempt failed with ${describeAnswer(first)}; a duplicate sent ${toMs(acknowledged.startedAtMs - first.startedAtMs)} after it was answered ${describeAnswer(acknowledged)}.`,
    ),
  ]
}

/** Finds a duplicate that was acknowledged well before the first answer, and much sooner than a run takes. */
function findEarly([first, ...others]: readonly [Answer, ...Answer[]]): Answer | undefined {
  return others.find(
    (other) =>
      isAccepted(other) && other.endedAtMs + MARGIN_MS < first.endedAtMs && other.durationMs < first.durationMs / 2,
  )
}

function earlyFindings(answers: readonly [Answer, ...Answer[]], { facts }: Session): Finding[] {
  const [first] = answers
  const early = findEarly(answers)
  if (early === undefined) return []
  const evidence = `The first attempt was answered ${describeAnswer(first)} after ${toMs(first.durationMs)}; a duplicate was answered ${describeAnswer(early)} ${toMs(first.endedAtMs - early.endedAtMs)} before that. This happened in 3 of 3 bursts.`
  const findings = [finding('acknowledged_while_at_work', evidence)]
  // if the handler can be made to fail, another check has seen whether a failed event stays marked
  if (!facts.isFailureKnown) findings.push(finding('marked_before_handled', evidence, 'likely'))
  return findings
}

/** Ten at the same moment: the handler runs once. Answers alone do not tell, since some endpoints answer them all alike. */
async function findDoubleRun(session: Session): Promise<Finding[]> {
  if (session.facts.failsAtFirst) return []
  const probe = session.event({ data: session.facts.tellingData })
  await Promise.all(Array.from({ length: 10 }, () => session.deliver(probe)))
  if (session.facts.runsLate) await session.awaitRun(probe, 1)
  const runs = (await session.countRuns(probe)) ?? 0
  return runs > 1
    ? [finding('duplicate_handled_again', `Of 10 duplicates at the same moment, ${runs} were handled.`)]
    : []
}

const toMs = (ms: number): string => `${Math.round(ms)} ms`
