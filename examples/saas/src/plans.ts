import { definePlans } from '@kinde-billing/state'

/** The application's plans, by the codes that they have in Kinde. */
export const plans = definePlans({
  starter: { features: ['dashboards'], limits: { calls: 1000 } },
  pro: { features: ['dashboards', 'exports'], limits: { calls: 5000 } },
  scale: { features: ['dashboards', 'exports', 'audit-log'], limits: { calls: 20_000 } },
})

export type PlanCode = 'starter' | 'pro' | 'scale'

/** The names that customers see. */
export const PLAN_NAMES: Readonly<Record<PlanCode, string>> = { starter: 'Starter', pro: 'Pro', scale: 'Scale' }

/** From the smallest to the largest. */
export const PLAN_CODES: readonly PlanCode[] = ['starter', 'pro', 'scale']

export const planCode = (code: string | undefined): PlanCode | undefined => PLAN_CODES.find((one) => one === code)

export function nextPlan(code: PlanCode | undefined): PlanCode | undefined {
  return code && PLAN_CODES[PLAN_CODES.indexOf(code) + 1]
}
