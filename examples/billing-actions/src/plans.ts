/** Your plans, by the codes you gave them in Kinde. */
const FEATURES = new Map([
  ['free', ['projects']],
  ['pro', ['projects', 'exports', 'api']],
  ['team', ['projects', 'exports', 'api', 'members']],
])

/** Your limits, by feature. */
const LIMITS = new Map([['api_calls', 1000]])
const WARN_FROM = 0.8

/** The features of a plan; none for an unknown plan. */
export function featuresOf(plan: string | undefined): readonly string[] {
  return FEATURES.get(plan ?? '') ?? []
}

export function isNearLimit(feature: string, quantity: number): boolean {
  return quantity >= WARN_FROM * (LIMITS.get(feature) ?? Number.POSITIVE_INFINITY)
}
