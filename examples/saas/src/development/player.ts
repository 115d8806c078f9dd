import { type AccessPolicy, type BillingSummary, summarize } from '@kinde-billing/state'
import { type BillingEventClaims, createTestIssuer, deliver, type TestIssuer } from '@kinde-billing/testing'
import { type Database, states } from '../database.js'
import { PLANS, planOf } from '../plans.js'
import { newSubject, type Subject } from './events.js'
import { SCENARIO_NAMES, SCENARIOS, type ScenarioName, type Stage } from './scenarios.js'

/** What was sent, and what was answered. */
export interface Played {
  readonly customer: string
  readonly answers: { readonly sent: string; readonly status: number; readonly answer: string }[]
}

/** Plays Kinde: signs events with a key of its own, and delivers them to the application's webhook over HTTP. */
export interface ScenarioPlayer {
  possibleFor(customer: string | undefined): Promise<ScenarioName[]>
  /** Undefined where the scenario makes no sense for the customer as they are now. */
  play(scenario: ScenarioName, customer: string | undefined): Promise<Played | undefined>
  send(...events: BillingEventClaims[]): Promise<void>
}

export async function createScenarioPlayer(
  kinde: TestIssuer,
  database: Database,
  policy: AccessPolicy,
  webhookUrl: () => string,
): Promise<ScenarioPlayer> {
  const forger = await createTestIssuer()
  const now = increasingClock()

  async function summaryOf(customer: string | undefined): Promise<BillingSummary> {
    return summarize(await states.read(customer ?? '', database), { now: Date.now(), policy })
  }

  async function possibleFor(customer: string | undefined): Promise<ScenarioName[]> {
    const summary = await summaryOf(customer)
    return SCENARIO_NAMES.filter((name) => SCENARIOS[name].isPossible(summary))
  }

  async function subjectOf(customer: string, { agreements }: BillingSummary): Promise<Subject> {
    const { rows } = await database.query('select name from saas_customers where key = $1', [customer])
    const { id, createdAt, plan } =
      agreements.find(({ cancelledAt }) => cancelledAt === undefined) ?? agreements[0] ?? {}
    return {
      id: customer.replace(/^customer:/, ''),
      email: String(rows[0]?.['name']),
      agreement: String(id),
      since: createdAt?.getTime() ?? Date.now(),
      plan: planOf(plan?.code) ?? PLANS[0],
    }
  }

  function stage(subject: Subject, used: number, { answers, customer }: Played): Stage {
    const sendToken = async (sent: string, token: string): Promise<void> => {
      const { status, body } = await deliver(webhookUrl(), token)
      answers.push({ sent, status, answer: answerIn(body) })
    }
    const send = async (...events: BillingEventClaims[]): Promise<void> => {
      for (const claims of events) await sendToken(claims.type, await kinde.sign(claims))
    }
    return {
      subject,
      used,
      now,
      send,
      async sendLatestAgain() {
        const latest = 'select claims from saas_events where customer = $1 order by arrival desc limit 1'
        const { rows } = await database.query(latest, [customer])
        await send(JSON.parse(String(rows[0]?.['claims'])))
      },
      async sendForged(claims) {
        const accessToken = { iss: kinde.issuer, aud: [], azp: 'app', scp: ['openid'], sub: 'kp_1', ...claims }
        const header = { kid: kinde.kid }
        await sendToken("signed with another key, under Kinde's key id", await forger.sign(claims, { header }))
        await sendToken('not signed at all', unsigned(claims))
        await sendToken('an access token, dressed up as an event', await kinde.sign(accessToken))
      },
    }
  }

  return {
    possibleFor,
    async play(scenario, chosen) {
      if (!(await possibleFor(chosen)).includes(scenario)) return undefined
      const summary = await summaryOf(chosen)
      const isNew = scenario === 'sign-up' || chosen === undefined
      const subject = isNew ? newSubject(someMailAddress()) : await subjectOf(chosen, summary)
      const played: Played = { customer: isNew ? `customer:${subject.id}` : chosen, answers: [] }
      await SCENARIOS[scenario].play(stage(subject, summary.usage.at(-1)?.quantity ?? 0, played))
      return played
    },
    async send(...events) {
      for (const claims of events) await deliver(webhookUrl(), await kinde.sign(claims))
    },
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

function answerIn(body: unknown): string {
  const { status, error } = Object(body)
  return String(status ?? error ?? body)
}

const PEOPLE = ['ada', 'barbara', 'dorothy', 'edsger', 'frances', 'katherine', 'margaret', 'radia', 'tim']
const COMPANIES = ['northwind', 'brightwater', 'fernbank', 'larkfield', 'stonebridge', 'willowcraft', 'longacre']

function someMailAddress(): string {
  const some = (words: string[]): string | undefined => words[Math.floor(Math.random() * words.length)]
  return `${some(PEOPLE)}@${some(COMPANIES)}.example`
}
