import { randomUUID } from 'node:crypto'
import type { BillingEventType } from '@kinde-billing/core'
import { type BillingEventClaims, billingEventFixture } from '@kinde-billing/testing'
import { nextPlan, PLANS, type Plan } from '../plans.js'

/** Whom events are about, as Kinde would know them. */
export interface Subject {
  /** Kinde's id of the customer. */
  readonly id: string
  readonly email: string
  readonly agreement: string
  /** Since when they have that agreement, in epoch milliseconds. */
  readonly since: number
  readonly plan: Plan
}

export function newSubject(email: string): Subject {
  return { id: newId('customer'), email, agreement: newId('agreement'), since: Date.now(), plan: PLANS[0] }
}

/** The same customer on the next plan, with an agreement of its own. */
export function upgraded(subject: Subject): Subject {
  return { ...subject, agreement: newId('agreement'), plan: nextPlan(subject.plan) ?? subject.plan }
}

export function signUp(subject: Subject, at: number): BillingEventClaims[] {
  return [
    claimsOf('customer.agreement_created', subject, at),
    claimsOf('customer.plan_assigned', subject, at + 1),
    claimsOf('customer.payment_succeeded', subject, at + 2),
  ]
}

/** As Kinde does it: a new agreement, which cancels the old one. */
export function upgrade(subject: Subject, at: number) {
  const next = upgraded(subject)
  return {
    cancelled: claimsOf('customer.agreement_cancelled', subject, at),
    created: [claimsOf('customer.agreement_created', next, at + 1), claimsOf('customer.plan_changed', next, at + 2)],
    next,
  }
}

export function usage(subject: Subject, quantity: number, at: number): BillingEventClaims {
  return claimsOf('customer.meter_usage_updated', subject, at, { quantity, meter_value: String(quantity) })
}

/** A billing event, in the dialect that carries a customer's mail address. */
export function claimsOf(type: BillingEventType, subject: Subject, at: number, data: object = {}): BillingEventClaims {
  const { id, email, agreement, plan } = subject
  const timestamp = new Date(at).toISOString()
  const claims = billingEventFixture(type, { timestamp, data: { ...data } }, { dialect: 'nested' })
  const dueOn = new Date(at + 30 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10)
  const groups = {
    customer: { id, email },
    agreement: { id: agreement },
    plan: { id: `plan_${plan.code}`, code: plan.code, key: plan.code, name: plan.name },
    invoice: { due_on: `${dueOn} 00:00:00+00` },
  }
  for (const [group, members] of Object.entries(groups)) if (group in claims.data) claims.data[group] = members
  return claims
}

const newId = (kind: string): string => `${kind}_${randomUUID().replaceAll('-', '')}`
