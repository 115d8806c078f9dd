import { randomUUID } from 'node:crypto'
import type { BillingEventType } from '@kinde-billing/core'
import { type BillingEventClaims, billingEventFixture } from '@kinde-billing/testing'
import { nextPlan, type PlanCode } from '../plans.js'

/** The customer that events are about, as Kinde knows them. */
export interface Subject {
  /** Kinde's id of the customer. */
  readonly id: string
  readonly agreement: string
  readonly plan: PlanCode
}

const PEOPLE = ['ada', 'barbara', 'dorothy', 'edsger', 'frances', 'katherine', 'margaret', 'radia', 'tim']

export function newSubject(name = PEOPLE[Math.floor(Math.random() * PEOPLE.length)]): Subject {
  return { id: `customer_${name}_${randomUUID().slice(0, 8)}`, agreement: newAgreement(), plan: 'starter' }
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
  const next = { ...subject, agreement: newAgreement(), plan: nextPlan(subject.plan) ?? subject.plan }
  return {
    cancelled: claimsOf('customer.agreement_cancelled', subject, at),
    created: [claimsOf('customer.agreement_created', next, at + 1), claimsOf('customer.plan_changed', next, at + 2)],
    next,
  }
}

export function usage(subject: Subject, quantity: number, at: number): BillingEventClaims {
  return claimsOf('customer.meter_usage_updated', subject, at, { quantity, billing_feature_code: 'calls' })
}

export function claimsOf(type: BillingEventType, subject: Subject, at: number, data: object = {}): BillingEventClaims {
  return billingEventFixture(
    type,
    {
      timestamp: new Date(at).toISOString(),
      data: {
        customer_id: subject.id,
        org_code: subject.id.replace('customer', 'org'),
        agreement_id: subject.agreement,
        plan_code: subject.plan,
        plan_name: subject.plan.charAt(0).toUpperCase() + subject.plan.slice(1),
        invoice_due_on: new Date(at + 30 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10),
        ...data,
      },
    },
    { dialect: 'flat' },
  )
}

const newAgreement = (): string => `agreement_${randomUUID().slice(0, 13)}`
