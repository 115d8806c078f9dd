import type { BillingEventType } from '@kinde-billing/core'

/** The two shapes of `data` that receivers have seen: keys side by side, or objects. */
export type Dialect = 'flat' | 'nested'

type Group = 'customer' | 'plan' | 'invoice' | 'usage'

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

const DIALECTS: Record<Dialect, Record<Group, Record<string, unknown>>> = {
  flat: {
    customer: {
      customer_id: CUSTOMER_ID,
      user_id: USER_ID,
      org_code: ORG_CODE,
      kinde_org_code: ORG_CODE,
      agreement_id: AGREEMENT_ID,
      customer_agreement_id: AGREEMENT_ID,
    },
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

const GROUPS: Record<BillingEventType, readonly Group[]> = {
  'customer.agreement_created': ['customer', 'plan', 'invoice'],
  'customer.agreement_cancelled': ['customer', 'plan', 'invoice'],
  'customer.invoice_overdue': ['customer', 'invoice'],
  'customer.meter_usage_updated': ['customer', 'usage'],
  'customer.payment_failed': ['customer', 'invoice'],
  'customer.payment_succeeded': ['customer', 'invoice'],
  'customer.plan_assigned': ['customer', 'plan'],
  'customer.plan_changed': ['customer', 'plan'],
}

/** A copy of the fixture's `data`, so that a test that changes one changes no other. */
export function fixtureData(type: BillingEventType, dialect: Dialect): Record<string, unknown> {
  return structuredClone(Object.assign({}, ...GROUPS[type].map((group) => DIALECTS[dialect][group])))
}
