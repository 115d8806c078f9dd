import { isYoung, type Line, newLine, planRelation, REPLACEMENT_MS, setPlan, type TimedFact } from './line.js'
import { comparePlans, type PlanFact } from './plan.js'

/** Takes a plan that may be that of another agreement for the line's own, and remembers the move. */
export function movePlan(line: Line, by: TimedFact, plan: PlanFact): void {
  const current = comparePlans(line.plan, plan)
  const relation = planRelation(line, plan)
  // an assignment of an earlier plan has come late
  if (relation === 'same' && by.type === 'customer.plan_assigned' && current === 'different') return
  const isOwn = current !== 'different' && (relation === 'same' || (relation === 'unknown' && isYoung(line, by.at)))
  if (!isOwn) line.moved = { by, from: line.plan }
  setPlan(line, plan, by.type === 'customer.plan_changed')
}

/**
 * A plan change without an id, or with the line's first, was taken for the line's own. If the line is cancelled under its
 * earlier plan, or within a moment, the change was to another agreement, which no other fact has shown: that one runs on.
 */
export function splitMove(lines: Line[], line: Line, cancelled: TimedFact): void {
  const { moved } = line
  if (moved === undefined) return
  const { agreement } = moved.by
  if (agreement !== undefined && agreement === cancelled.agreement) return
  const relation = comparePlans(cancelled.plan, moved.by.plan)
  if (relation === 'same') return
  if (relation === 'unknown' && cancelled.at - moved.by.at >= REPLACEMENT_MS) return
  const known = lines.find(
    (other) =>
      other !== line &&
      other.shown &&
      other.start.at >= moved.by.at - REPLACEMENT_MS &&
      planRelation(other, moved.by.plan) !== 'different',
  )
  line.plan = moved.from
  if (agreement !== undefined) line.id = undefined
  if (known === undefined) lines.push(newLine(agreement, moved.by))
  else known.id ??= agreement
}
