import { type BillingFact, compareFacts, type Stamp, type UsageFact } from './facts.js'

/**
 * How many of the latest facts are kept in each list, whatever they say. They are what an event gives way to when it
 * turns out to be older than it seemed.
 */
export const RECENT_FACTS = 32

/**
 * The facts that can still matter, in order: the latest {@link RECENT_FACTS}, and of what is older those that hold a
 * register. An event id that was seen with several times counts with the earliest.
 *
 * What is kept of a set of facts depends on the set alone, and keeping in steps keeps the same: the latest of a whole
 * are among the latest of its parts, and so are the holders of its registers.
 */
export function keepFacts<Fact extends BillingFact | UsageFact>(
  facts: readonly Fact[],
  registersOf: (fact: Fact) => string[],
): readonly Fact[] {
  const distinct = firstSightings(facts)
    .sort(compareFacts)
    .filter((fact, index, sorted) => index === 0 || !isSame(fact, sorted[index - 1]))
  const recent = distinct.splice(-RECENT_FACTS)
  return [...holders(distinct, registersOf), ...recent]
}

function firstSightings<Fact extends Stamp>(facts: readonly Fact[]): Fact[] {
  const earliest = new Map<string, number>()
  for (const { id, at } of facts) earliest.set(id, Math.min(at, earliest.get(id) ?? at))
  return facts.filter(({ id, at }) => at === earliest.get(id))
}

/** Of facts in order, those that are the latest in one of their registers. */
function holders<Fact>(facts: readonly Fact[], registersOf: (fact: Fact) => string[]): Fact[] {
  const latest = new Map<string, Fact>()
  for (const fact of facts) for (const register of registersOf(fact)) latest.set(register, fact)
  const holding = new Set(latest.values())
  return facts.filter((fact) => holding.has(fact))
}

const isSame = <Fact extends BillingFact | UsageFact>(fact: Fact, other: Fact | undefined): boolean =>
  other !== undefined && compareFacts(fact, other) === 0
