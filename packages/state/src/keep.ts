import { compareFacts, type Fact, type FactType } from './facts.js'

/**
 * How many of the latest facts of each list are kept. Failed payments are many while a card is retried. Creations and
 * cancellations without an agreement id are counted against each other.
 */
const RECENT: Readonly<Record<FactType, number>> = {
  'customer.payment_failed': 48,
  'customer.invoice_overdue': 16,
  'customer.agreement_created': 16,
  'customer.agreement_cancelled': 16,
  list_complete: 16,
  'customer.payment_succeeded': 8,
  'customer.plan_assigned': 8,
  'customer.plan_changed': 8,
  'customer.meter_usage_updated': 8,
  agreement_used: 0,
  agreement_listed: 1,
}

/** Of how many months of 30 days the first fact is kept, so that it stays known since when a long debt is owed. */
const MONTHS = 25
const MONTH_MS = 30 * 24 * 60 * 60_000
const KEPT_BY_MONTH: ReadonlySet<FactType> = new Set([
  'customer.payment_failed',
  'customer.invoice_overdue',
  'customer.agreement_cancelled',
  'list_complete',
])

/**
 * Selects the facts of a list that can still matter, oldest first: the latest ones, of debts and ends the first of
 * each month, the latest that names a plan, an invoice or a quantity, and of agreements in use or listed the first.
 *
 * A selection depends only on the set of facts, and selecting in steps gives the same: what one step drops, a larger set
 * would drop too. So any order of events ends in the same bytes. No rule here may depend on other facts, such as keeping
 * "failures since the last payment": a payment that arrives late would then change what earlier steps should have kept.
 */
export function keepFacts(type: FactType, known: readonly Fact[], added: readonly Fact[]): readonly Fact[] {
  const distinct = insertLatest(known, added) ?? sortDistinct([...known, ...added])
  const start = distinct.length - RECENT[type]
  if (start <= 0) return distinct
  // of an agreement in use or listed, the first fact is its start
  const first = RECENT[type] <= 1 ? distinct[0] : undefined
  const ofMonths = KEPT_BY_MONTH.has(type) ? firstOfMonths(distinct) : []
  const isLatestNaming = (fact: Fact) => NAMING.some((names) => names(fact) && distinct.findLast(names) === fact)
  const older = distinct
    .slice(0, start)
    .filter((fact) => fact === first || ofMonths.includes(fact) || isLatestNaming(fact))
  return older.concat(distinct.slice(start))
}

/** Of facts that say these, the latest is kept. */
const NAMING: readonly ((fact: Fact) => boolean)[] = [
  ({ plan }) => plan?.code !== undefined,
  ({ plan }) => plan !== undefined,
  ({ dueOn }) => dueOn !== undefined,
  ({ quantity }) => quantity !== undefined,
]

/** The common case: one new fact, later than all others. Nothing is sorted then. */
function insertLatest(known: readonly Fact[], added: readonly Fact[]): readonly Fact[] | undefined {
  const [fact, other] = added
  const last = known.at(-1)
  if (fact === undefined || other !== undefined || fact.id === undefined) return undefined
  if (last !== undefined && compareFacts(last, fact) >= 0) return undefined
  return known.some(({ id }) => id === fact.id) ? undefined : [...known, fact]
}

function sortDistinct(facts: readonly Fact[]): Fact[] {
  return earliestOfEachId(facts)
    .sort(compareFacts)
    .filter((fact, index, sorted) => index === 0 || !isSame(fact, sorted[index - 1]))
}

function firstOfMonths(sorted: readonly Fact[]): Fact[] {
  const first: Fact[] = []
  let monthEnd = Number.NEGATIVE_INFINITY
  for (const fact of sorted) {
    if (fact.at < monthEnd) continue
    first.push(fact)
    monthEnd = (Math.floor(fact.at / MONTH_MS) + 1) * MONTH_MS
  }
  return first.slice(-MONTHS)
}

/** An event id that came with several times counts with the earliest, and with its first receipt. */
function earliestOfEachId(facts: readonly Fact[]): Fact[] {
  const earliest = new Map<string, { at: number; receivedAt: number | undefined }>()
  for (const { id, at, receivedAt } of facts) {
    if (id === undefined) continue
    const known = earliest.get(id)
    earliest.set(id, {
      at: Math.min(at, known?.at ?? at),
      receivedAt: minimum(receivedAt, known?.receivedAt),
    })
  }
  return facts.flatMap((fact) => {
    const first = fact.id === undefined ? undefined : earliest.get(fact.id)
    if (first === undefined) return [fact]
    if (fact.at !== first.at) return []
    const { receivedAt } = first
    return [receivedAt === undefined || receivedAt === fact.receivedAt ? fact : { ...fact, receivedAt }]
  })
}

function minimum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

const isSame = (fact: Fact, other: Fact | undefined): boolean => other !== undefined && compareFacts(fact, other) === 0
