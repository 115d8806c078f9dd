import type { Policy } from './access-table.js'
import { compareFacts, type FactType } from './facts.js'
import { isLive, isYoung, type Line, newLine, planRelation, setPlan, startAgain, type TimedFact } from './line.js'
import { findCancelled, findCreated, findPlanned, findUnnamed, oldestFirst } from './match.js'
import { movePlan, splitMove } from './move-plan.js'
import { factsInOrder } from './order.js'
import type { PlanFact } from './plan.js'
import type { BillingState } from './state.js'

/** Called with each fact that did something, and what. */
export type OnStep = (fact: TimedFact, effect: Effect, line: Line) => void

/** The effect of a fact on a line. */
export type Effect =
  | 'created'
  | 'seen'
  | 'plan'
  | 'failed'
  | 'overdue'
  | 'paid'
  | 'cancelled'
  | 'missing'
  | 'listed'
  | 'returned'

/**
 * Reads a customer's agreements out of the facts, in the order of time, as if each fact had arrived when it happened.
 * The result depends only on the set of facts.
 */
export function replay(state: BillingState, policy: Policy, onStep?: OnStep): Line[] {
  const facts = factsInOrder(state)
  const lastListed = new Map<string, number>()
  for (const { type, agreement, at } of facts)
    if (type === 'agreement_listed' && agreement !== undefined) lastListed.set(agreement, at)
  const lines: Line[] = []
  const reading = { lines, policy, lastListed, onStep: onStep ?? ignore }
  for (const fact of facts) READERS[fact.type](reading, fact)
  return lines.filter(({ shown }) => shown)
}

const ignore = (): void => undefined

interface Reading {
  readonly lines: Line[]
  readonly policy: Policy
  /** When each agreement was last listed. */
  readonly lastListed: ReadonlyMap<string, number>
  readonly onStep: OnStep
}

const READERS: Readonly<Record<FactType, (reading: Reading, fact: TimedFact) => void>> = {
  'customer.agreement_created': create,
  'customer.agreement_cancelled': cancel,
  'customer.plan_assigned': readPlan,
  'customer.plan_changed': readPlan,
  'customer.payment_failed': owe,
  'customer.invoice_overdue': owe,
  'customer.payment_succeeded': pay,
  'customer.meter_usage_updated': () => undefined,
  agreement_used: lineOf,
  agreement_listed: list,
  list_complete: endMissing,
}

function create({ lines, onStep }: Reading, fact: TimedFact): void {
  const known = lines.find(({ id }) => id !== undefined && id === fact.agreement)
  const host = known ?? findCreated(live(lines, fact), fact)
  const line = host ?? newLine(fact.agreement, fact)
  if (host === undefined) lines.push(line)
  // an older plan may be that of the agreement before
  else if (known === undefined && !isYoung(host, fact.at)) host.plan = undefined
  // of two creations of one agreement, the one that has an id is no second start
  if (known === undefined && host?.created !== undefined) host.id ??= fact.agreement
  else {
    line.id ??= fact.agreement
    // events of one checkout arrive in any order
    const due = known !== undefined && isYoung(known, fact.at) ? known.due : undefined
    startAgain(line, fact)
    line.due ??= due
  }
  onStep(fact, 'created', line)
}

function cancel({ lines, onStep }: Reading, fact: TimedFact): void {
  const named = lines.find(({ id }) => id !== undefined && id === fact.agreement)
  const line = named ?? findCancelled(begun(lines, fact), fact)
  if (named === undefined && (fact.agreement !== undefined || line === undefined))
    lines.push({ ...newLine(fact.agreement, fact), shown: false, end: fact, plan: undefined, plans: [] })
  if (line === undefined || line.end !== undefined || isBeforeCreation(line, fact)) return
  if (line.shown) splitMove(lines, line, fact)
  line.end = fact
  onStep(fact, 'cancelled', line)
}

function readPlan(reading: Reading, fact: TimedFact): void {
  const { plan } = fact
  if (plan === undefined) {
    const line = lineOf(reading, fact)
    // from here on, a cancellation may name a plan that was never told
    if (line && fact.type === 'customer.plan_changed' && !isYoung(line, fact.at)) line.plans.push({})
  } else if (fact.agreement === undefined) readUnnamedPlan(reading, fact, plan)
  else if (!takeOver(reading, fact, plan)) readNamedPlan(reading, fact, plan)
}

function readNamedPlan(reading: Reading, fact: TimedFact, plan: PlanFact): void {
  const line = lineOf(reading, fact)
  if (line === undefined || isOlderPlan(line, fact)) return
  setPlan(line, plan, fact.type === 'customer.plan_changed')
  if (line.start !== fact) reading.onStep(fact, 'plan', line)
}

function readUnnamedPlan(reading: Reading, fact: TimedFact, plan: PlanFact): void {
  const host = findPlanned(live(reading.lines, fact), fact)
  if (host === undefined) start(reading, undefined, fact)
  else if (!isOlderPlan(host, fact)) {
    movePlan(host, fact, plan)
    reading.onStep(fact, 'plan', host)
  }
}

/** A change to another plan under an id that is new: it is that of the only agreement that runs, if that one has no id. */
function takeOver({ lines, onStep }: Reading, fact: TimedFact, plan: PlanFact): boolean {
  if (fact.type !== 'customer.plan_changed' || lines.some(({ id }) => id === fact.agreement)) return false
  const [only, other] = live(lines, fact)
  if (only === undefined || other !== undefined) return false
  if (only.id !== undefined || planRelation(only, plan) !== 'different' || isBeforeCreation(only, fact)) return false
  only.id = fact.agreement
  movePlan(only, fact, plan)
  onStep(fact, 'plan', only)
  return true
}

/** A creation that was read before it has told the plan. */
function isOlderPlan({ planned }: Line, fact: TimedFact): boolean {
  return planned !== undefined && compareFacts(fact, planned) < 0
}

function owe(reading: Reading, fact: TimedFact): void {
  const running = fact.agreement === undefined ? begun(reading.lines, fact) : []
  // of several agreements it cannot be told whose debt it is
  const only = running.length === 1 ? running[0] : undefined
  const line = running.length > 0 ? only : lineOf(reading, fact)
  if (line === undefined || isBeforeCreation(line, fact)) return
  const kind = fact.type === 'customer.payment_failed' ? 'failed' : 'overdue'
  line[kind] ??= fact
  line.settledBy = undefined
  reading.onStep(fact, kind, line)
}

function pay(reading: Reading, fact: TimedFact): void {
  const { lines, policy } = reading
  const running = fact.agreement === undefined ? live(lines, fact) : []
  if (running.length === 0) {
    const line =
      lineOf(reading, fact) ??
      (fact.agreement === undefined && policy.unlinkedPaymentGrantsAccess ? start(reading, undefined, fact) : undefined)
    if (line !== undefined) settle(reading, line, fact)
    return
  }
  for (const line of running) settle(reading, line, fact)
  const [only] = running
  if (running.length === 1 && only !== undefined && fact.dueOn !== undefined) only.due = fact
}

function settle({ onStep }: Reading, line: Line, fact: TimedFact): void {
  line.settledBy = line.failed || line.overdue ? fact : undefined
  line.failed = undefined
  line.overdue = undefined
  line.paid = fact
  onStep(fact, 'paid', line)
}

function list(reading: Reading, fact: TimedFact): void {
  const { lines, onStep } = reading
  const isExpired = fact.expiresOn !== undefined && fact.expiresOn <= fact.at
  const known = lines.find(({ id }) => id === fact.agreement)
  const line =
    known ?? (isExpired ? undefined : findUnnamed(live(lines, fact), fact)) ?? start(reading, fact.agreement, fact)
  const returns = !isExpired && line.end !== undefined
  line.id = fact.agreement
  if (!line.shown) Object.assign(line, { shown: true, start: fact })
  line.listed = fact
  if (returns) line.end = undefined
  if (fact.plan && !isOlderPlan(line, fact)) setPlan(line, fact.plan, true)
  onStep(fact, returns ? 'returned' : 'listed', line)
}

/** A complete list ends what it leaves out. Of an agreement that was listed later, the lists between are not kept. */
function endMissing({ lines, lastListed, onStep }: Reading, fact: TimedFact): void {
  for (const line of begun(lines, fact)) {
    const listedAt = line.id === undefined ? undefined : lastListed.get(line.id)
    if (listedAt !== undefined && listedAt >= fact.at) continue
    line.end = fact
    onStep(fact, 'missing', line)
  }
}

/**
 * The line of the fact's agreement, begun if it is new. A fact without an agreement id shows an agreement only if nothing
 * else is known; otherwise it is about the only line that runs, if there is one.
 */
function lineOf(reading: Reading, fact: TimedFact): Line | undefined {
  const line = fact.agreement === undefined ? onlyLine(reading, fact) : namedLine(reading, fact)
  if (line === undefined) return undefined
  if (!line.shown) Object.assign(line, { shown: true, start: fact })
  if (fact.agreement !== undefined) line.id = fact.agreement
  if (fact.dueOn !== undefined && !(line.due && isBeforeCreation(line, fact))) line.due = fact
  return line
}

function namedLine(reading: Reading, fact: TimedFact): Line {
  const { lines } = reading
  return (
    lines.find(({ id }) => id === fact.agreement) ??
    findUnnamed(live(lines, fact), fact) ??
    start(reading, fact.agreement, fact)
  )
}

function onlyLine(reading: Reading, fact: TimedFact): Line | undefined {
  const { lines } = reading
  const running = live(lines, fact)
  if (running.length === 1) return running[0]
  return lines.length === 0 ? start(reading, undefined, fact) : undefined
}

function start({ lines, onStep }: Reading, id: string | undefined, fact: TimedFact): Line {
  const line = newLine(id, fact)
  lines.push(line)
  onStep(fact, 'seen', line)
  return line
}

/** The lines that run at the fact's moment, with those whose creation was read ahead. */
function live(lines: readonly Line[], { at }: TimedFact): Line[] {
  return oldestFirst(lines.filter((line) => isLive(line, at)))
}

/** The lines that had begun by the fact's moment, and run. */
function begun(lines: readonly Line[], fact: TimedFact): Line[] {
  return live(lines, fact).filter(({ start }) => compareFacts(start, fact) <= 0)
}

function isBeforeCreation({ created }: Line, fact: TimedFact): boolean {
  return created !== undefined && compareFacts(fact, created) < 0
}
