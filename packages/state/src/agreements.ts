import type { Policy } from './access-table.js'
import { type BillingFact, latest, type UsageFact } from './facts.js'
import { placeUnnamed } from './unnamed.js'

/** One agreement, as the facts about it tell: of each kind the latest. */
export interface Agreement {
  /** `undefined` for what no event has named. */
  readonly id: string | undefined
  readonly created: BillingFact | undefined
  /** The cancellation, unless a creation is later. */
  readonly cancelled: BillingFact | undefined
  readonly assigned: BillingFact | undefined
  readonly changed: BillingFact | undefined
  readonly paid: BillingFact | undefined
  /** The latest that names a plan. */
  readonly plan: BillingFact | undefined
  /** The latest that names the next invoice. */
  readonly due: BillingFact | undefined
  /** Oldest first. */
  readonly failures: readonly BillingFact[]
  /** Oldest first. */
  readonly overdues: readonly BillingFact[]
}

/**
 * The customer's agreements, those that have ended too. Every event but a cancellation shows that the agreement it names
 * exists; `unnamed.ts` says what events show that name none.
 *
 * @param facts - In order.
 */
export function readAgreements(
  facts: readonly BillingFact[],
  usage: readonly UsageFact[],
  policy: Policy,
): Agreement[] {
  const byId = new Map<string | undefined, BillingFact[]>()
  const factsOf = (id: string | undefined): BillingFact[] => {
    const known = byId.get(id) ?? []
    byId.set(id, known)
    return known
  }
  for (const fact of facts) factsOf(fact.agreement).push(fact)
  for (const { agreement } of usage) factsOf(agreement)
  const agreements = [...byId].map(([id, about]) => readAgreement(id, about))
  const unnamed = agreements.find(({ id }) => id === undefined)
  const named = agreements.filter(({ id }) => id !== undefined)
  return unnamed === undefined ? named : placeUnnamed(unnamed, named, policy)
}

/** What shows when an agreement began: the newest is the current one. */
export function startOf({ id, created, changed, assigned, paid }: Agreement): BillingFact | undefined {
  return created ?? latest(changed, assigned) ?? (id === undefined ? paid : undefined)
}

function readAgreement(id: string | undefined, facts: readonly BillingFact[]): Agreement {
  const last = (type: BillingFact['type']) => facts.findLast((fact) => fact.type === type)
  const all = (type: BillingFact['type']) => facts.filter((fact) => fact.type === type)
  const created = last('customer.agreement_created')
  const cancelled = last('customer.agreement_cancelled')
  return {
    id,
    created,
    cancelled: latest(created, cancelled) === cancelled ? cancelled : undefined,
    assigned: last('customer.plan_assigned'),
    changed: last('customer.plan_changed'),
    paid: last('customer.payment_succeeded'),
    plan: facts.findLast((fact) => fact.plan !== undefined && fact.type !== 'customer.agreement_cancelled'),
    due: facts.findLast((fact) => fact.dueOn !== undefined),
    failures: all('customer.payment_failed'),
    overdues: all('customer.invoice_overdue'),
  }
}
