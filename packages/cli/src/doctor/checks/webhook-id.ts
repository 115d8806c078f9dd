import type { Answer } from '../../endpoint/send.js'
import { type Check, foundOr, NOT_ACCEPTING, ok, unclear } from '../check.js'
import { type Examination, isAccepted, type Probe, wordsOf } from '../examination.js'
import { type Finding, finding } from '../faults.js'
import type { Run } from '../reference.js'

/** The unsigned webhook-id header decides nothing. */
export const webhookId: Check = {
  title: 'another event under a used webhook-id',
  async examine(x) {
    if (!x.facts.isAccepting) return NOT_ACCEPTING
    const used = await usedWebhookId(x)
    const findings = [...(await refusedElsewhere(x, used)), ...(await suppressed(x, used))]
    if (findings.length > 0) return foundOr(findings, ok(''))
    const runs = [await runUnder(x, used), await runUnder(x, await idOfForgery(x))]
    return runs.every(({ run }) => run === 'ran')
      ? ok('handled, also under an id that a forgery had used')
      : unclear('acknowledged; its answer looks like any other, so whether the handler ran cannot be seen')
  },
}

/** The id of a delivery that was accepted. */
async function usedWebhookId(x: Examination): Promise<string> {
  const probe = x.event({ data: x.facts.tellingData })
  await x.deliverUntilAccepted(probe)
  return probe.webhookId
}

/** An id under which a forgery came first. */
async function idOfForgery(x: Examination): Promise<string> {
  const probe = x.event({ key: x.rogueKey, header: { kid: x.key.publicKey.kid } })
  await x.deliver(probe)
  return probe.webhookId
}

async function runUnder(x: Examination, id: string): Promise<{ answer: Answer; run: Run }> {
  const probe = x.event({ webhookId: id, data: x.facts.tellingData })
  const answer = await x.deliver(probe)
  return { answer, run: await x.runFor(probe, answer) }
}

/** What is refused under a fresh id, and acknowledged under a used one, was never looked at. */
async function refusedElsewhere(x: Examination, used: string): Promise<Finding[]> {
  const wrong: [string, () => Probe][] = [
    ['A forged token', () => x.event({ key: x.rogueKey, header: { kid: x.key.publicKey.kid } })],
    ['A signed token without event_id', () => x.event({ claims: { event_id: undefined } })],
    ['A signed event without data', () => x.event({ claims: { data: null } })],
  ]
  for (const [what, make] of wrong) {
    const fresh = await x.deliver(make())
    const under = await x.deliver({ ...make(), webhookId: used })
    if (isAccepted(fresh) || !isAccepted(under)) continue
    const evidence = `${what} was answered ${wordsOf(fresh)}, and ${wordsOf(under)} under the webhook-id of an event handled before.`
    return [finding('deduplicates_by_webhook_id', evidence)]
  }
  return []
}

/** Two other events under used ids, so that chance does not decide. */
async function suppressed(x: Examination, used: string): Promise<Finding[]> {
  for (const [whose, idOf] of [
    ['an event handled before', async () => used],
    ['a forgery', () => idOfForgery(x)],
  ] as const) {
    const [one, two] = [await runUnder(x, await idOf()), await runUnder(x, await idOf())]
    if (one.run !== 'skipped' || two.run !== 'skipped') continue
    // a handler that has become quick since it was learned from would look the same
    if ((await runUnder(x, crypto.randomUUID())).run === 'skipped') continue
    const evidence = `Another event under the webhook-id of ${whose} was answered ${wordsOf(one.answer)}, as a duplicate is, and was not handled.`
    return [finding('deduplicates_by_webhook_id', evidence)]
  }
  return []
}
