import type { BillingEventType } from '@kinde-billing/core'

/** One event of a scenario. */
export interface ScenarioStep {
  readonly type: BillingEventType
  readonly plan: string
}

/** Plan of events without another one. Scenarios build on each other: each starts from the plan the last one ended with. */
export const DEFAULT_PLAN = 'pro'
const HIGHER_PLAN = 'business'
const ADD_ON_PLAN = 'support'

export const SCENARIO_NAMES = ['sign-up', 'upgrade', 'downgrade', 'dunning', 'cancel', 'two-agreements'] as const
export type ScenarioName = (typeof SCENARIO_NAMES)[number]

/**
 * Lists the events of a scenario in the order in which they happen.
 *
 * A change of plan creates an agreement and cancels the old one, as Kinde's API does.
 *
 * @param plan The plan that the customer has in the end; for `cancel`, the one that is cancelled.
 */
export function scenarioSteps(name: ScenarioName, plan: string | undefined): readonly ScenarioStep[] {
  switch (name) {
    case 'sign-up':
      return signUp(plan ?? DEFAULT_PLAN)
    case 'upgrade':
      return changePlan(DEFAULT_PLAN, plan ?? HIGHER_PLAN)
    case 'downgrade':
      return changePlan(HIGHER_PLAN, plan ?? DEFAULT_PLAN)
    case 'dunning':
      return steps(
        plan ?? DEFAULT_PLAN,
        'customer.payment_failed',
        'customer.payment_failed',
        'customer.invoice_overdue',
      )
    case 'cancel':
      return steps(plan ?? DEFAULT_PLAN, 'customer.agreement_cancelled')
    case 'two-agreements':
      return [...signUp(plan ?? DEFAULT_PLAN), ...signUp(ADD_ON_PLAN)]
  }
}

const steps = (plan: string, ...types: readonly BillingEventType[]): ScenarioStep[] =>
  types.map((type) => ({ type, plan }))

const signUp = (plan: string): ScenarioStep[] =>
  steps(plan, 'customer.agreement_created', 'customer.plan_assigned', 'customer.payment_succeeded')

const changePlan = (from: string, to: string): ScenarioStep[] => [
  ...steps(to, 'customer.agreement_created'),
  ...steps(from, 'customer.agreement_cancelled'),
  ...steps(to, 'customer.plan_changed', 'customer.payment_succeeded'),
]
