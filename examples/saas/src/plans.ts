/** A plan, by the code it has in Kinde. */
export interface Plan {
  readonly code: string
  readonly name: string
  /** How many calls of the API it includes. */
  readonly calls: number
}

/** From the smallest to the largest. */
export const PLANS: readonly [Plan, ...Plan[]] = [
  { code: 'starter', name: 'Starter', calls: 1000 },
  { code: 'pro', name: 'Pro', calls: 5000 },
  { code: 'scale', name: 'Scale', calls: 20_000 },
]

export function planOf(code: string | undefined): Plan | undefined {
  return PLANS.find((plan) => plan.code === code)
}

export function nextPlan(plan: Plan | undefined): Plan | undefined {
  return plan && PLANS[PLANS.indexOf(plan) + 1]
}
