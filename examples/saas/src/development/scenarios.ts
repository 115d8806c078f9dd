import { setTimeout as wait } from 'node:timers/promises'
import type { BillingSummary } from '@kinde-billing/state'
import type { BillingEventClaims } from '@kinde-billing/testing'
import { nextPlan, planOf } from '../plans.js'
import { claimsOf, type Subject, signUp, upgrade, usage } from './events.js'

/** Passed to each scenario. */
export interface Stage {
  readonly subject: Subject
  /** The usage that was reported last. */
  readonly used: number
  /** The present; each time a little later. */
  now(): number
  /** Signs the events as Kinde does, and delivers them one after the other. */
  send(...events: BillingEventClaims[]): Promise<void>
  /** Delivers the customer's latest event once more. */
  sendLatestAgain(): Promise<void>
  /** Delivers what Kinde did not sign as a webhook. */
  sendForged(claims: BillingEventClaims): Promise<void>
}

interface Scenario {
  /** Whether it makes sense for a customer who has this. */
  readonly isPossible: (summary: BillingSummary) => boolean
  readonly play: (stage: Stage) => Promise<void>
}

const HOUR_MS = 60 * 60 * 1000

/** Between the halves of an upgrade, so that one can see what holds meanwhile. */
const PAUSE_MS = 1200

const runs = ({ agreements }: BillingSummary): boolean =>
  agreements.some(({ cancelledAt }) => cancelledAt === undefined)
const canUpgrade = (summary: BillingSummary): boolean =>
  runs(summary) && nextPlan(planOf(summary.plan?.code)) !== undefined
const isKnown = ({ changedBy }: BillingSummary): boolean => changedBy !== undefined

/** The page's buttons, by the names of their routes. */
export const SCENARIOS = {
  'sign-up': {
    isPossible: () => true,
    play: ({ subject, now, send }) => send(...signUp(subject, now())),
  },
  'upgrade-cancel-first': {
    isPossible: canUpgrade,
    async play({ subject, now, send }) {
      const { cancelled, created } = upgrade(subject, now())
      await send(cancelled)
      await wait(PAUSE_MS)
      await send(...created)
    },
  },
  'upgrade-create-first': {
    isPossible: canUpgrade,
    async play({ subject, now, send }) {
      const { cancelled, created } = upgrade(subject, now())
      await send(...created)
      await wait(PAUSE_MS)
      await send(cancelled)
    },
  },
  usage: {
    isPossible: runs,
    play({ subject, used, now, send }) {
      const more = subject.plan.calls * (0.04 + Math.random() / 8)
      return send(usage(subject, Math.ceil(used + more), now()))
    },
  },
  'card-declined': {
    isPossible: (summary) => runs(summary) && summary.access === 'active',
    play: ({ subject, now, send }) => send(claimsOf('customer.payment_failed', subject, now())),
  },
  recovered: {
    isPossible: (summary) => runs(summary) && summary.access !== 'active',
    play: ({ subject, now, send }) => send(claimsOf('customer.payment_succeeded', subject, now())),
  },
  cancel: {
    isPossible: runs,
    play: ({ subject, now, send }) => send(claimsOf('customer.agreement_cancelled', subject, now())),
  },
  late: {
    isPossible: (summary) => runs(summary) && summary.access === 'active',
    play({ subject, now, send }) {
      // after the sign-up, and not so long ago that it would be refused for its age
      const failedAt = Math.max((subject.since + now()) / 2, now() - HOUR_MS)
      return send(
        claimsOf('customer.payment_succeeded', subject, now()),
        claimsOf('customer.payment_failed', subject, Math.round(failedAt)),
      )
    },
  },
  duplicate: { isPossible: isKnown, play: ({ sendLatestAgain }) => sendLatestAgain() },
  forged: {
    isPossible: isKnown,
    play: ({ subject, now, sendForged }) => sendForged(claimsOf('customer.agreement_cancelled', subject, now())),
  },
} satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof SCENARIOS

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[]
