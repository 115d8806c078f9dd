import type { Answer } from '../../endpoint/send.js'
import { type Check, found, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { type Finding, finding } from '../faults.js'
import type { Run } from '../reference.js'
import { describeAnswer, isAccepted, type Probe, type Session } from '../session.js'

/** The unsigned webhook-id header decides nothing. */
export const webhookId: Check = {
  title: 'another event under a used webhook-id',
  async run(session) {
    if (!session.facts.isAccepting) return NOT_ACCEPTING
    const used = await acceptedWebhookId(session)
    const findings = [...(await findUnchecked(session, used)), ...(await findSuppressed(session, used))]
    if (findings.length > 0) return found(...findings)
    const runs = [await runUnder(session, used), await runUnder(session, await forgedWebhookId(session))]
    return runs.every(({ run }) => run === 'ran')
      ? ok('handled, also under an id that a forgery had used')
      : unclear('acknowledged; its answer looks like any other, so whether the handler ran cannot be seen')
  },
}

/** Returns the id of an accepted delivery. */
async function acceptedWebhookId(session: Session): Promise<string> {
  const probe = session.event({ data: session.facts.tellingData })
  await session.deliverUntilAccepted(probe)
  return probe.webhookId
}

/** Returns the id of a forgery. */
async function forgedWebhookId(session: Session): Promise<string> {
  const probe = session.forgedEvent()
  await session.deliver(probe)
  return probe.webhookId
}

interface Result {
  readonly probe: Probe
  readonly answer: Answer
  readonly run: Run
}

async function runUnder(session: Session, id: string): Promise<Result> {
  const probe = session.event({ webhookId: id, data: session.facts.tellingData })
  const answer = await session.deliver(probe)
  return { probe, answer, run: await session.findRun(probe, answer) }
}

/** A delivery that is refused under a fresh id and acknowledged under a used one was never checked. */
async function findUnchecked(session: Session, used: string): Promise<Finding[]> {
  const invalid: [string, () => Probe][] = [
    ['A forged token', () => session.forgedEvent()],
    ['A signed token without event_id', () => session.event({ claims: { event_id: undefined } })],
    ['A signed event without data', () => session.event({ claims: { data: null } })],
  ]
  for (const [what, create] of invalid) {
    const fresh = await session.deliver(create())
    const under = await session.deliver({ ...create(), webhookId: used })
    if (isAccepted(fresh) || !isAccepted(under)) continue
    const evidence = `${what} was answered ${describeAnswer(fresh)}, and ${describeAnswer(under)} under the webhook-id of an event handled before.`
    return [finding('deduplicates_by_webhook_id', evidence)]
  }
  return []
}

/** Two events each, and a control, so that a single answer proves nothing. */
async function findSuppressed(session: Session, used: string): Promise<Finding[]> {
  for (const [whose, getId] of [
    ['an event handled before', async () => used],
    ['a forgery', () => forgedWebhookId(session)],
  ] as const) {
    const [one, two] = [await runUnder(session, await getId()), await runUnder(session, await getId())]
    if (one.run !== 'skipped' || two.run !== 'skipped') continue
    // a run may be counted a moment after the answer
    if ((await session.awaitRun(one.probe)) || (await session.awaitRun(two.probe))) continue
    // a handler that has become quicker than it was would look the same
    if ((await runUnder(session, crypto.randomUUID())).run === 'skipped') continue
    const evidence = `Two other events under the webhook-id of ${whose} were answered ${describeAnswer(one.answer)}, as a duplicate is, and were not handled.`
    return [finding('deduplicates_by_webhook_id', evidence)]
  }
  return []
}
