import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from '../../endpoint/send.js'
import { type CheckOutcome, found, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { type Examination, isAccepted, wordsOf } from '../examination.js'
import { type Finding, finding } from '../faults.js'

/** What an endpoint made of a key set that could not be fetched. */
export interface OutageSeen {
  /** Whether it asked for the keys while there were none: without that, nothing was seen. */
  readonly hasAsked: boolean
  readonly answer: Answer
  /** Where it does not come back after the outage. */
  readonly stuck: Finding | undefined
}

/** Delivers while the key set cannot be fetched, before anything else: an endpoint that has just started has no keys yet. */
export async function playOutageAtFirst(x: Examination): Promise<OutageSeen> {
  const probe = x.event()
  const { hasAsked, answer } = await deliverInOutage(x, () => x.deliver(probe))
  if (!hasAsked) return { hasAsked, answer, stuck: undefined }
  const askedBefore = x.issuer.requests
  const until = performance.now() + x.times.recoveryMs
  let last = answer
  while (performance.now() < until) {
    last = await x.deliver(probe)
    // it has the keys again; what it still says against this event is for other checks
    if (isAccepted(last) || x.issuer.requests > askedBefore) return { hasAsked, answer, stuck: undefined }
    await sleep(x.times.recoveryMs / 30)
  }
  const seconds = Math.round(x.times.recoveryMs / 1000)
  const evidence = `${seconds} s after an outage it had not asked for the keys again, and answered ${wordsOf(last)}.`
  return { hasAsked, answer, stuck: finding('no_recovery_from_outage', evidence) }
}

async function deliverInOutage(
  x: Examination,
  deliver: () => Promise<Answer>,
): Promise<{ hasAsked: boolean; answer: Answer }> {
  const askedBefore = x.issuer.requests
  x.issuer.setOutage(true)
  try {
    const answer = await deliver()
    return { hasAsked: x.issuer.requests > askedBefore, answer }
  } finally {
    x.issuer.setOutage(false)
  }
}

/** An endpoint that had keys at the beginning is asked for one it does not have. Many ask again only after half a minute. */
export async function judgeOutage(x: Examination, first: OutageSeen): Promise<CheckOutcome> {
  if (first.hasAsked) return judge(first.answer, first.stuck)
  if (!x.facts.isAccepting) return NOT_ACCEPTING
  const until = performance.now() + x.times.patienceMs
  while (performance.now() < until) {
    const { hasAsked, answer } = await deliverInOutage(x, () => x.deliver(x.event({ key: x.rogueKey })))
    if (hasAsked) return judge(answer, undefined)
    await sleep(x.times.patienceMs / 20)
  }
  return unclear('it had the keys at hand and did not ask for others; restart the application to see its first fetch')
}

/** Statuses after which a sender knows that the fault is not its own, or that it may try again. */
const TRY_AGAIN = new Set([408, 409, 425, 429])

function judge(answer: Answer, stuck: Finding | undefined): CheckOutcome {
  const { status = 500 } = answer
  const isRefusal = status >= 400 && status < 500 && !TRY_AGAIN.has(status)
  const evidence = `While the key set answered 500, a genuine delivery was answered ${wordsOf(answer)}.`
  const findings = isRefusal ? [finding('key_outage_refused', evidence)] : []
  if (stuck !== undefined) findings.push(stuck)
  return findings.length > 0 ? found(...findings) : ok(`answered ${wordsOf(answer)}`)
}
