import type { Fact, FactType } from './facts.js'
import { comparePlans, mergePlans, type PlanFact, type PlanRelation } from './plan.js'

/** A fact with what its list knows of it. */
export interface TimedFact extends Fact {
  readonly type: FactType
  readonly agreement?: string | undefined
  /** When it is read, in epoch milliseconds: a creation is read ahead of its moment. */
  readonly order: number
}

/** One agreement as the facts tell it, while they are read in the order of time. */
export interface Line {
  /** `undefined` if no fact has named it. */
  id: string | undefined
  /** False if only a cancellation is known: that alone does not show that the agreement existed. */
  shown: boolean
  /** The creation, or the first fact that shows the agreement. */
  start: TimedFact
  /** The latest creation. */
  created: TimedFact | undefined
  /** The cancellation, or the complete list without it. */
  end: TimedFact | undefined
  /** The plan as last told. */
  plan: PlanFact | undefined
  /** The latest creation that told a plan: what came before it and is read after it told an older plan. */
  planned: TimedFact | undefined
  /** All plans since the start. */
  plans: PlanFact[]
  /** A plan change without an agreement id that was taken for this agreement's, and the plan before it. */
  moved: { readonly by: TimedFact; readonly from: PlanFact | undefined } | undefined
  /** The first failed payment that is not paid. */
  failed: TimedFact | undefined
  /** The first overdue invoice that is not paid. */
  overdue: TimedFact | undefined
  /** The payment that paid the latest debt, while it is the only payment since. */
  settledBy: TimedFact | undefined
  /** The latest payment. */
  paid: TimedFact | undefined
  /** The latest fact that names the next invoice. */
  due: TimedFact | undefined
  /** The latest snapshot that lists it. */
  listed: TimedFact | undefined
}

/**
 * How soon after a start a cancellation is taken for that of the replaced agreement, if it does not say which it ends.
 * Kinde creates and cancels within seconds of each other. Not a policy: it reads what happened.
 */
export const REPLACEMENT_MS: number = 5 * 60_000

export function newLine(id: string | undefined, start: TimedFact): Line {
  return {
    id,
    shown: true,
    start,
    created: undefined,
    end: undefined,
    plan: start.plan,
    planned: undefined,
    plans: start.plan ? [start.plan] : [],
    moved: undefined,
    failed: undefined,
    overdue: undefined,
    settledBy: undefined,
    paid: undefined,
    due: start.dueOn === undefined ? undefined : start,
    listed: undefined,
  }
}

/** Begins the agreement's life by a creation: free of older debts, and not ended. */
export function startAgain(line: Line, created: TimedFact): void {
  const plan = created.plan ?? line.plan
  const planned = created.plan ? created : line.planned
  const { listed } = line
  Object.assign(line, newLine(line.id, created))
  line.created = created
  line.plan = plan
  line.planned = planned
  line.plans = plan ? [plan] : []
  line.listed = listed
}

/** Takes over the plan that a fact names. */
export function setPlan(line: Line, plan: PlanFact, replacesUnknown: boolean): void {
  const relation = comparePlans(line.plan, plan)
  const isSame = relation === 'same' || (relation === 'unknown' && !replacesUnknown)
  line.plan = isSame ? mergePlans(line.plan, plan) : plan
  line.plans.push(line.plan)
}

/** How a fact's plan relates to the plans that the line has had since its start. */
export function planRelation(line: Line, plan: PlanFact | undefined): PlanRelation {
  const relations = line.plans.map((known) => comparePlans(known, plan))
  if (relations.includes('same')) return 'same'
  return relations.length > 0 && relations.every((relation) => relation === 'different') ? 'different' : 'unknown'
}

/** Tells whether the line began a moment before. For an agreement first seen in a snapshot, the start is not known. */
export function isYoung(line: Line, at: number): boolean {
  return line.start.type !== 'agreement_listed' && at - line.start.at < REPLACEMENT_MS
}

/** When the agreement expires: what a snapshot said counts until the agreement is created again. */
export function expiryOf({ listed, created }: Line): number | undefined {
  if (listed?.expiresOn === undefined) return undefined
  return created === undefined || created.at <= listed.at ? listed.expiresOn : undefined
}

/** Tells whether the agreement runs at a moment. */
export function isLive(line: Line, at: number): boolean {
  return line.shown && line.end === undefined && at < (expiryOf(line) ?? Number.POSITIVE_INFINITY)
}
