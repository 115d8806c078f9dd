import { definePlans } from '@kinde-billing/state'

/** Your plans, by the codes you gave them in Kinde, with what each one gives. */
export const plans = definePlans({
  free: { features: ['projects'], limits: { api_calls: 100 } },
  pro: { features: ['projects', 'exports', 'api'], limits: { api_calls: 1000 } },
  team: { features: ['projects', 'exports', 'api', 'members'], limits: { api_calls: 1000 } },
})

const WARN_FROM = 0.8

export function isNearLimit(feature: string | undefined, quantity: number, limit: number): boolean {
  return feature === 'api_calls' && limit > 0 && quantity >= WARN_FROM * limit
}
