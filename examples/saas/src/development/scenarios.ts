import type { BillingSummary } from '@kinde-billing/state'
import type { BillingEventClaims } from '@kinde-billing/testing'
import { nextPlan, planCode } from '../plans.js'
import { claimsOf, type Subject, signUp, upgrade, usage } from './events.js'

/** Passed to each scenario. */
export interface Stage {
  readonly subject: Subject
  /** The usage that was reported last, and how much the plan includes. */
  readonly used: number
  readonly included: number
  /** The present; each time a little later. */
  now(): number
  /** Signs the events as Kinde does, and delivers them one after the other. */
  send(...events: BillingEventClaims[]): Promise<void>
  /** Delivers what Kinde did not sign as a webhook. */
  sendForged(claims: BillingEventClaims): Promise<void>
}

interface Scenario {
  readonly label: string
  /** Tells if it makes sense for a customer who has this. */
  readonly isPossible: (summary: BillingSummary) => boolean
  readonly play: (stage: Stage) => Promise<void>
}

const runs = ({ agreements }: BillingSummary): boolean =>
  agreements.some(({ cancelledAt }) => cancelledAt === undefined)
const isKnown = ({ changedBy }: BillingSummary): boolean => changedBy !== undefined

/** The buttons, by the names of their routes. */
export const SCENARIOS = {
  'sign-up': {
    label: 'Sign up a new customer',
    isPossible: () => true,
    play: ({ subject, now, send }) => send(...signUp(subject, now())),
  },
  upgrade: {
    label: 'Upgrade',
    isPossible: (summary) => runs(summary) && nextPlan(planCode(summary.plan?.code)) !== undefined,
    async play({ subject, now, send }) {
      const { cancelled, created } = upgrade(subject, now())
      await send(cancelled, ...created)
    },
  },
  usage: {
    label: 'Report usage',
    isPossible: runs,
    play({ subject, used, included, now, send }) {
      const more = (included || 1000) * (0.04 + Math.random() / 8)
      return send(usage(subject, Math.ceil(used + more), now()))
    },
  },
  'card-declined': {
    label: 'Card declined',
    isPossible: (summary) => runs(summary) && summary.access === 'active',
    play: ({ subject, now, send }) => send(claimsOf('customer.payment_failed', subject, now())),
  },
  recovered: {
    label: 'Payment recovered',
    isPossible: (summary) => runs(summary) && summary.access !== 'active',
    play: ({ subject, now, send }) => send(claimsOf('customer.payment_succeeded', subject, now())),
  },
  late: {
    label: 'Old news arrives late',
    isPossible: (summary) => runs(summary) && summary.access === 'active',
    play: ({ subject, now, send }) =>
      send(
        claimsOf('customer.payment_succeeded', subject, now()),
        claimsOf('customer.payment_failed', subject, now() - 30_000),
      ),
  },
  duplicate: {
    label: 'The same event twice',
    isPossible: runs,
    play({ subject, now, send }) {
      const event = claimsOf('customer.payment_succeeded', subject, now())
      return send(event, event)
    },
  },
  cancel: {
    label: 'Cancel',
    isPossible: runs,
    play: ({ subject, now, send }) => send(claimsOf('customer.agreement_cancelled', subject, now())),
  },
  forged: {
    label: 'Forge a cancellation',
    isPossible: isKnown,
    play: ({ subject, now, sendForged }) => sendForged(claimsOf('customer.agreement_cancelled', subject, now())),
  },
} satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof SCENARIOS

export const isScenario = (name: string): name is ScenarioName => Object.hasOwn(SCENARIOS, name)
