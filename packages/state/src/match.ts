import { compareFacts } from './facts.js'
import { isYoung, type Line, planRelation, type TimedFact } from './line.js'
import { comparePlans, type PlanRelation } from './plan.js'

// Which line a fact is about that does not name one, or names one that is not known yet. `live` holds the lines that run at
// the fact's moment.

/**
 * The line whose creation this is. A creation begins a new agreement, unless the line was only seen by its other facts so
 * far, or its creation came a moment ago in an event that has an id while this one has none, or the other way round.
 */
export function findCreated(live: readonly Line[], fact: TimedFact): Line | undefined {
  const candidates = live.filter((line) => {
    if (line.id !== undefined && fact.agreement !== undefined) return false
    const relation = planRelation(line, fact.plan)
    const young = isYoung(line, fact.at)
    if (line.created === undefined) return relation !== 'different' && (line.id === undefined || young)
    return young && relation === 'same' && (line.id === undefined) !== (fact.agreement === undefined)
  })
  return prefer(candidates.reverse(), fact)
}

/**
 * The line without an id that gets one by this fact: of the same plan if there is one, else the nearest in time if the newest
 * has just begun, since events of one checkout come together, else the oldest.
 */
export function findUnnamed(live: readonly Line[], fact: TimedFact): Line | undefined {
  const unnamed = oldestFirst(live.filter(({ id }) => id === undefined))
  const newest = unnamed.at(-1)
  if (newest === undefined || !isYoung(newest, fact.at)) return prefer(unnamed, fact)
  const distance = ({ start }: Line) => Math.abs(start.at - fact.at)
  return prefer(
    unnamed.reverse().sort((a, b) => distance(a) - distance(b)),
    fact,
  )
}

/**
 * The line that a cancellation without a known id ends: the oldest on the plan that it names, else the oldest that was on it
 * before or has just begun on it, else the oldest whose plan cannot be compared. Of the latter, never the newest if it has
 * just begun: the cancellation is then that of the agreement that it replaced. A cancellation with an id can only be about a line that has none and did not just begin.
 */
export function findCancelled(live: readonly Line[], fact: TimedFact): Line | undefined {
  const candidates = oldestFirst(live.filter(({ id }) => id === undefined || fact.agreement === undefined))
  const isOther = (line: Line) => fact.agreement !== undefined && isYoung(line, fact.at)
  const same = candidates.filter((line) => planRelation(line, fact.plan) === 'same' && !isOther(line))
  const current = same.find((line) => comparePlans(line.plan, fact.plan) === 'same' && !isYoung(line, fact.at))
  if (same.length > 0) return current ?? same[0]
  const unknown = candidates.filter((line) => planRelation(line, fact.plan) === 'unknown')
  const newest = unknown.at(-1)
  if (newest !== undefined && isYoung(newest, fact.at)) unknown.pop()
  return unknown.find((line) => !isOther(line))
}

/** The line that a plan without an agreement id is about; `undefined` if it shows another agreement. */
export function findPlanned(live: readonly Line[], fact: TimedFact): Line | undefined {
  const newest = oldestFirst(live).reverse()
  const current = newest.find((line) => comparePlans(line.plan, fact.plan) === 'same')
  const earlier = newest.find((line) => planRelation(line, fact.plan) === 'same')
  if (current ?? earlier) return current ?? earlier
  return live.length === 1 ? live[0] : newest.find((line) => planRelation(line, fact.plan) === 'unknown')
}

function prefer(candidates: readonly Line[], fact: TimedFact): Line | undefined {
  const find = (wanted: PlanRelation) => candidates.find((line) => planRelation(line, fact.plan) === wanted)
  return find('same') ?? find('unknown')
}

/** Sorts lines by their start. */
export function oldestFirst(lines: readonly Line[]): Line[] {
  return [...lines].sort((a, b) => compareFacts(a.start, b.start))
}
