import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from '../../endpoint/send.js'
import { type Check, foundOr, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { type Examination, type Facts, isAccepted, type Probe, wordsOf } from '../examination.js'
import { type Finding, finding } from '../faults.js'

/** Duplicates that come while the first attempt is at work are not acknowledged, and run nothing. */
export const concurrentDuplicates: Check = {
  title: 'concurrent duplicates',
  async examine(x) {
    const { facts, times } = x
    const findings: Finding[] = []
    if (facts.failingData !== undefined) findings.push(...(await burstOfFailures(x)))
    const natural = await burst(x, x.event({ data: facts.tellingData }))
    findings.push(...judgeOrder(natural, facts))
    const asked = await burst(x, x.event({ data: { ...facts.tellingData, doctor: { delayMs: times.handlerMs } } }))
    if (findings.length === 0) findings.push(...judgeOrder(asked, facts))
    if (facts.isAccepting) findings.push(...(await burstAtOnce(x)))
    if (findings.length > 0) return foundOr(findings, ok(''))
    if (![natural, asked].some(([first]) => first.durationMs > 2 * STEP_MS) && facts.failingData === undefined)
      return facts.isAccepting
        ? unclear(
            'the handler is too quick to be met at work; let it heed data.doctor.delayMs, as the documentation shows',
          )
        : NOT_ACCEPTING
    return ok('none was acknowledged before the first was done')
  },
}

const STEP_MS = 20
/** Scheduling may delay an answer by this without meaning anything. */
const MARGIN_MS = 30

/** The same delivery again and again while the first may still be at work: answers in the order of sending. */
async function burst(x: Examination, probe: Probe): Promise<[Answer, ...Answer[]]> {
  const first = x.deliver(probe)
  const others: Promise<Answer>[] = []
  for (let index = 0; index < 8; index++) {
    await sleep(STEP_MS)
    others.push(x.deliver(probe))
  }
  return [await first, ...(await Promise.all(others))]
}

/** Of an event that its handler always fails with, no attempt whatever may be acknowledged. */
async function burstOfFailures(x: Examination): Promise<Finding[]> {
  const data = { ...x.facts.failingData, doctor: { fail: true, delayMs: x.times.handlerMs } }
  const [first, ...others] = await burst(x, x.event({ data }))
  const acknowledged = others.find(isAccepted)
  if (isAccepted(first) || acknowledged === undefined) return []
  return [
    finding(
      'acknowledged_while_at_work',
      `The first attempt failed with ${wordsOf(first)}; a duplicate sent ${toMs(acknowledged.startedAtMs - first.startedAtMs)} after it was answered ${wordsOf(acknowledged)}.`,
    ),
  ]
}

/** A duplicate that is acknowledged well before the first answer, and much sooner than a run takes. */
function judgeOrder([first, ...others]: readonly [Answer, ...Answer[]], facts: Facts): Finding[] {
  const early = others.find(
    (other) =>
      isAccepted(other) && other.endedAtMs + MARGIN_MS < first.endedAtMs && other.durationMs < first.durationMs / 2,
  )
  if (early === undefined) return []
  const evidence = `The first attempt was answered ${wordsOf(first)} after ${toMs(first.durationMs)}; a duplicate was answered ${wordsOf(early)} ${toMs(first.endedAtMs - early.endedAtMs)} before that.`
  const findings = [finding('acknowledged_while_at_work', evidence)]
  // whether it would also stay marked after a failure was seen before, if the handler can be made to fail
  if (!facts.isFailureJudged) findings.push(finding('marked_before_handled', evidence, 'likely'))
  return findings
}

/** Ten at the same moment: the handler runs once. */
async function burstAtOnce(x: Examination): Promise<Finding[]> {
  const { facts } = x
  const probe = x.event({ data: facts.tellingData })
  const answers = await Promise.all(Array.from({ length: 10 }, () => x.deliver(probe)))
  const runs = (await x.runsOf(probe)) ?? 0
  const looks = facts.reference.tells === 'answers' && !facts.failsAtFirst
  const ran = answers.filter((answer) => isAccepted(answer) && facts.reference.classify(answer) === 'ran').length
  const count = Math.max(runs, looks ? ran : 0)
  return count > 1 && !facts.failsAtFirst
    ? [finding('duplicate_handled_again', `Of 10 duplicates at the same moment, ${count} were handled.`)]
    : []
}

const toMs = (ms: number): string => `${Math.round(ms)} ms`
