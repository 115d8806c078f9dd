import type { PostgresStateStore } from '@kinde-billing/postgres'
import { type AccessPolicy, type BillingSummary, summarize } from '@kinde-billing/state'
import { type BillingEventClaims, createTestIssuer, deliver, type TestIssuer } from '@kinde-billing/testing'
import { planCode, plans } from '../plans.js'
import { newSubject, type Subject } from './events.js'
import { SCENARIOS, type ScenarioName } from './scenarios.js'

/** The deliveries of a scenario, and the responses. */
export interface Played {
  readonly key: string
  readonly answers: readonly { readonly sent: string; readonly status: number; readonly answer: string }[]
}

/** Plays Kinde: signs events with a key of its own, and delivers them to the application's webhook over HTTP. */
export interface ScenarioPlayer {
  /** `undefined` if the scenario makes no sense for the customer as they are now. */
  play(scenario: ScenarioName, key: string | undefined): Promise<Played | undefined>
  send(...events: BillingEventClaims[]): Promise<void>
}

export async function createScenarioPlayer(
  kinde: TestIssuer,
  { store, policy }: { store: PostgresStateStore; policy: AccessPolicy },
  webhookUrl: () => string,
): Promise<ScenarioPlayer> {
  const forger = await createTestIssuer()
  const now = increasingClock()
  const send = async (...events: BillingEventClaims[]): Promise<void> => {
    for (const claims of events) await deliver(webhookUrl(), await kinde.sign(claims))
  }
  return {
    send,
    async play(scenario, key) {
      const state = key === undefined ? undefined : await store.read(key)
      const summary = summarize(state, { now: Date.now(), policy })
      if (!SCENARIOS[scenario].isPossible(summary)) return undefined
      const subject = scenario === 'sign-up' || key === undefined ? newSubject() : toSubject(key, summary)
      const answers: { sent: string; status: number; answer: string }[] = []
      const sendToken = async (sent: string, token: string): Promise<void> => {
        const { status, body } = await deliver(webhookUrl(), token)
        answers.push({ sent, status, answer: readAnswer(body) })
      }
      await SCENARIOS[scenario].play({
        subject,
        used: summary.usage.at(-1)?.quantity ?? 0,
        included: plans.limit(summary, 'calls'),
        now,
        async send(...events) {
          for (const claims of events) await sendToken(claims.type, await kinde.sign(claims))
        },
        async sendForged(claims) {
          const forged = await forger.sign(claims, { header: { kid: kinde.kid } })
          await sendToken("signed with another key, under Kinde's key id", forged)
          await sendToken('not signed at all', unsigned(claims))
          const accessToken = { iss: kinde.issuer, aud: [], azp: 'app', scp: ['openid'], sub: 'kp_1', ...claims }
          await sendToken('an access token, dressed up as an event', await kinde.sign(accessToken))
        },
      })
      return { key: `customer:${subject.id}`, answers }
    },
  }
}

function toSubject(key: string, { agreements, customer }: BillingSummary): Subject {
  const { id, plan } = agreements.find(({ cancelledAt }) => cancelledAt === undefined) ?? agreements[0] ?? {}
  return {
    id: customer.id ?? key.replace(/^customer:/, ''),
    agreement: id ?? 'agreement_unknown',
    plan: planCode(plan?.code) ?? 'starter',
  }
}

/** No two events happen at the same moment here, however fast the buttons are pressed. */
function increasingClock(): () => number {
  let last = 0
  return () => {
    last = Math.max(last + 5, Date.now())
    return last
  }
}

function unsigned(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`
}

function readAnswer(body: unknown): string {
  const { status, error } = Object(body)
  return String(status ?? error ?? body)
}
