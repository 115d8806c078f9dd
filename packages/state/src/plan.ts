/** A plan as a fact names it. At least one member is set. */
export interface PlanFact {
  readonly id?: string
  readonly code?: string
  readonly name?: string
}

interface ComparablePlan {
  readonly id?: string | undefined
  readonly code?: string | undefined
  readonly name?: string | undefined
}

export type PlanRelation = 'same' | 'different' | 'unknown'

/** Compares two plans by the first of code, id and name that both have; `unknown` if they have none in common. */
export function comparePlans(a: ComparablePlan | undefined, b: ComparablePlan | undefined): PlanRelation {
  for (const member of ['code', 'id', 'name'] as const) {
    const [one, other] = [a?.[member], b?.[member]]
    if (one !== undefined && other !== undefined) return one === other ? 'same' : 'different'
  }
  return 'unknown'
}

/** Adds what a later fact says of the same plan, so that a code is not lost to a fact that has only the id. */
export function mergePlans(plan: PlanFact | undefined, later: PlanFact): PlanFact {
  return { ...plan, ...later }
}

/** The first of code, id and name. */
export function planKey({ code, id, name }: ComparablePlan): string {
  if (code !== undefined) return `code ${code}`
  return id === undefined ? `name ${name}` : `id ${id}`
}
