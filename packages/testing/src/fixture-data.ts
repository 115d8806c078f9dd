import { type BillingEventType, EVENT_GROUPS } from '@kinde-billing/core'

/**
 * Shape of a fixture's `data`. Kinde documents no schema. `mixed` is the shape that is best documented by receivers: ids and
 * dates side by side, beside an object for the plan. `flat` has keys only, `nested` objects only.
 */
export type Dialect = 'mixed' | 'flat' | 'nested'

type Group = (typeof EVENT_GROUPS)[BillingEventType][number]

const CUSTOMER_ID = 'customer_0195d3a1c7e2f4b8a6d09e5c3b7f1a42'
const USER_ID = 'kp_2f6c1b7d9e8a4c3fb5d0a1e2c3f4a5b6'
const ORG_CODE = 'org_5e8c1f3a7b9'
const AGREEMENT_ID = 'agreement_0195d3a1d9b47c6e8f20a3b5c7d9e1f4'
const PLAN_ID = 'plan_0195d39f8e1d2c3b4a5f6e7d8c9b0a1f'
const DUE_ON = '2026-04-17 00:00:00+00'

// Usage has been seen in one shape only.
const USAGE = {
  meter_id: 'meter_0195d3a2b1c0d9e8f7a6b5c4d3e2f1a0',
  quantity: 42,
  billing_feature_code: 'api_calls',
  meter_value: '42',
}

const IDS = { customer_id: CUSTOMER_ID, user_id: USER_ID, org_code: ORG_CODE, agreement_id: AGREEMENT_ID }

const DIALECTS: Record<Dialect, Record<Group | 'customer', Record<string, unknown>>> = {
  mixed: {
    customer: IDS,
    plan: { plan: { code: 'pro', key: 'pro' } },
    invoice: { invoice_due_on: DUE_ON },
    usage: USAGE,
  },
  flat: {
    customer: { ...IDS, customer_agreement_id: AGREEMENT_ID },
    plan: { plan_id: PLAN_ID, plan_code: 'pro' },
    invoice: { invoice_due_on: DUE_ON, next_billing_date: DUE_ON },
    usage: USAGE,
  },
  nested: {
    customer: {
      customer: { id: CUSTOMER_ID, email: 'ada@example.com', user_id: USER_ID, org_code: ORG_CODE },
      agreement: { id: AGREEMENT_ID },
    },
    plan: { plan: { id: PLAN_ID, code: 'pro', key: 'pro', name: 'Pro' } },
    invoice: { invoice: { due_on: DUE_ON } },
    usage: USAGE,
  },
}

/** A copy of the fixture's `data`, so that a test that changes one changes no other. */
export function fixtureData(type: BillingEventType, dialect: Dialect): Record<string, unknown> {
  const groups = DIALECTS[dialect]
  return structuredClone(Object.assign({}, groups.customer, ...EVENT_GROUPS[type].map((group) => groups[group])))
}

export function isDialect(value: unknown): value is Dialect {
  return typeof value === 'string' && Object.hasOwn(DIALECTS, value)
}
