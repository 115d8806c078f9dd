import type { Answer } from '../../endpoint/send.js'
import { type CheckOutcome, foundOr, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { type Finding, finding } from '../faults.js'
import { describeAnswer, isAccepted, type Probe, type Session } from '../session.js'

/** How the endpoint answered while the key set could not be fetched. */
export interface OutageSeen {
  /** Answer to the first delivery of all. */
  readonly first: Answer
  /** Answer to a delivery for which it asked for the keys in vain. `undefined` if it never asked. */
  readonly inOutage: Answer | undefined
  /** A forgery that was answered like a success meanwhile. */
  readonly forgery: Forgery | undefined
  readonly findings: readonly Finding[]
}

interface Forgery {
  readonly probe: Probe
  readonly answer: Answer
}

/**
 * Begins with an outage of the key set: an endpoint that has just started has no keys yet, and one that has keys is asked
 * for another. Afterwards the issuer publishes a new key.
 */
export async function beginWithOutage(session: Session): Promise<OutageSeen> {
  const { issuer, nextKey } = session
  const probe = session.event()
  issuer.setOutage(true)
  const known = await deliverAndWatch(session, probe)
  if (known.answer.failure === 'not connected') {
    issuer.setOutage(false)
    return { first: known.answer, inOutage: undefined, forgery: undefined, findings: [] }
  }
  const unknown = await deliverAndWatch(session, session.event({ key: nextKey }))
  const forgery = await findAcceptedForgery(session)
  issuer.setOutage(false)
  const inOutage = known.hasAsked ? known.answer : unknown.hasAsked ? unknown.answer : undefined
  session.facts.needsKeys = inOutage !== undefined && !isAccepted(inOutage)
  const stuck = known.hasAsked ? await awaitRecovery(session, probe) : undefined
  issuer.publish(nextKey.publicKey)
  if (unknown.hasAsked && !known.hasAsked) await awaitNewKey(session, session.times.recoveryMs)
  return { first: known.answer, inOutage, forgery, findings: stuck === undefined ? [] : [stuck] }
}

async function deliverAndWatch(
  session: Session,
  probe: Probe,
): Promise<{ readonly hasAsked: boolean; readonly answer: Answer }> {
  const before = session.issuer.requests
  const answer = await session.deliver(probe)
  return { hasAsked: session.issuer.requests > before, answer }
}

/** Without keys nothing can be verified, so nothing may be accepted. */
async function findAcceptedForgery(session: Session): Promise<Forgery | undefined> {
  for (const probe of [session.forgedEvent(), session.event({ key: session.attackerKey })]) {
    const answer = await session.deliver(probe)
    if (isAccepted(answer)) return { probe, answer }
  }
  return undefined
}

/** Some endpoints answer 200 to forgeries and drop them. By now other checks know how such an answer looks. */
async function forgeryFindings(session: Session, forgery: Forgery | undefined): Promise<Finding[]> {
  const { hidesRefusals, reference } = session.facts
  if (forgery === undefined || hidesRefusals || !reference.looksHandled(forgery.answer)) return []
  if ((await session.countRuns(forgery.probe)) === 0) return []
  const evidence = `While the key set answered 500, a forged delivery was answered ${describeAnswer(forgery.answer)}.`
  return [finding('accepted_without_keys', evidence)]
}

/** Waits until the endpoint has keys. Whether it then accepts the event is for other checks. */
async function awaitRecovery(session: Session, probe: Probe): Promise<Finding | undefined> {
  const { issuer, times } = session
  const askedBefore = issuer.requests
  const until = performance.now() + times.recoveryMs
  let last: Answer | undefined
  while (performance.now() < until) {
    last = await session.deliver(probe)
    if (isAccepted(last) || issuer.requests > askedBefore) return undefined
    await session.pause(times.recoveryMs / 30)
  }
  const seconds = Math.round(times.recoveryMs / 1000)
  const evidence = `${seconds} s after an outage it had not asked for the keys again${last === undefined ? '' : `, and answered ${describeAnswer(last)}`}.`
  return finding('no_recovery_from_outage', evidence)
}

/** Delivers an event of the new key until it is accepted. One event, since a handler may fail on first attempts. */
async function awaitNewKey(session: Session, limitMs: number): Promise<void> {
  const { facts, nextKey } = session
  const until = performance.now() + limitMs
  const probe = session.event({ key: nextKey })
  while (!facts.hasTakenNewKey && performance.now() < until) {
    facts.hasTakenNewKey = isAccepted(await session.deliver(probe))
    if (!facts.hasTakenNewKey) await session.pause(limitMs / 30)
  }
}

/** Tells what the outage has shown. An endpoint that never asked is asked for the new key in another outage. */
export async function reportOutage(session: Session, seen: OutageSeen): Promise<CheckOutcome> {
  const inOutage = seen.inOutage ?? (await deliverNewKeyInOutage(session))
  const refusal = inOutage === undefined ? [] : refusalFindings(inOutage, session)
  const findings = [...seen.findings, ...(await forgeryFindings(session, seen.forgery)), ...refusal]
  if (inOutage === undefined && findings.length === 0)
    return session.facts.isAccepting ? unclear('it had keys and did not ask for others') : NOT_ACCEPTING
  return foundOr(findings, ok(`answered ${inOutage === undefined ? 'nothing' : describeAnswer(inOutage)}`))
}

async function deliverNewKeyInOutage(session: Session): Promise<Answer | undefined> {
  const { issuer, nextKey, times, facts } = session
  if (!facts.isAccepting || facts.hasTakenNewKey) return undefined
  const until = performance.now() + times.rotationMs
  while (performance.now() < until) {
    issuer.setOutage(true)
    const { hasAsked, answer } = await deliverAndWatch(session, session.event({ key: nextKey }))
    issuer.setOutage(false)
    if (hasAsked) return answer
    await session.pause(times.rotationMs / 20)
  }
  return undefined
}

/** Statuses that tell the sender to try again. */
const RETRYABLE = new Set([408, 409, 425, 429])

function refusalFindings(answer: Answer, { facts }: Session): Finding[] {
  const { status = 500 } = answer
  // 200 with another text than a handled event's: dropped, as some endpoints do with forgeries
  const isDropped = isAccepted(answer) && !facts.reference.looksHandled(answer)
  const isRefused = status >= 400 && status < 500 && !RETRYABLE.has(status)
  if (!isDropped && !isRefused) return []
  const evidence = `While the key set answered 500, a genuine delivery was answered ${describeAnswer(answer)}.`
  return [finding('key_outage_refused', evidence)]
}

/** A key that the issuer publishes later is accepted. Many endpoints ask again only after half a minute. */
export async function checkRotation(session: Session): Promise<CheckOutcome> {
  const { facts, issuer, times } = session
  if (!facts.isAccepting) return NOT_ACCEPTING
  const before = issuer.requests
  await awaitNewKey(session, times.rotationMs)
  if (facts.hasTakenNewKey) return ok('a new key is accepted')
  const seconds = Math.round(times.rotationMs / 1000)
  const asked =
    issuer.requests > before
      ? 'It asked for the keys again, but'
      : `In ${seconds} s it did not ask for the keys again, and`
  return foundOr([finding('keys_cached_forever', `${asked} refused deliveries signed by a new key.`, 'likely')], ok(''))
}
