import { compareFacts, compareText, type Fact, type FactList } from './facts.js'
import { REPLACEMENT_MS, type TimedFact } from './line.js'
import type { BillingState } from './state.js'

/** Every fact but the quantities of meters, in the order of reading. */
export function factsInOrder({ lists }: BillingState): TimedFact[] {
  const facts: TimedFact[] = []
  for (const list of lists)
    if (list.type !== 'customer.meter_usage_updated') for (const fact of list.facts) facts.push(timedFact(list, fact))
  return facts.sort(compareTimed)
}

/**
 * The events of one checkout come within seconds, in any order, so a creation is read before what came a moment earlier: a
 * payment or a plan then finds the agreement that it is about.
 */
const readAt = (type: FactList['type'], at: number): number =>
  type === 'customer.agreement_created' ? at - REPLACEMENT_MS : at

// Member by member, since objects of one shape are made and read several times as fast as spread ones.
function timedFact({ type, agreement }: FactList, fact: Fact): TimedFact {
  const { at, id, plan, dueOn, receivedAt, expiresOn, periodEndsOn, features } = fact
  const order = readAt(type, at)
  return { type, agreement, order, at, id, plan, dueOn, receivedAt, expiresOn, periodEndsOn, features }
}

/**
 * Of one moment, a snapshot's agreements come before the end of its list, and an assignment comes last: a change has then told
 * which agreement is on that plan.
 */
function compareTimed(a: TimedFact, b: TimedFact): number {
  return (
    a.order - b.order ||
    Number(a.type === 'customer.plan_assigned') - Number(b.type === 'customer.plan_assigned') ||
    compareText(a.id ?? '', b.id ?? '') ||
    compareText(a.type, b.type) ||
    compareText(a.agreement ?? '', b.agreement ?? '') ||
    compareFacts(a, b)
  )
}
