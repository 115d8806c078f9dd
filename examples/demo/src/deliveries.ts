import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'

/** One delivery, and what must come of it. */
export interface PlannedDelivery {
  readonly name: string
  readonly token: string
  readonly status: number
  /** Whether the application's handler must have run. */
  readonly runs: boolean
  /** What it shows, where no handler ran. */
  readonly note: string
}

/** The eight billing triggers, then what must not get through, and what must not fail. */
export async function planDeliveries(issuer: TestIssuer): Promise<PlannedDelivery[]> {
  const stranger = await createTestIssuer()
  const genuine = await Promise.all(
    BILLING_EVENT_TYPES.map(async (type, index) => {
      const dialect = index % 2 === 0 ? 'flat' : 'nested'
      const token = await issuer.sign(billingEventFixture(type, {}, { dialect }))
      return { name: type, token, status: 200, runs: true, note: '' }
    }),
  )
  const fixture = billingEventFixture('customer.payment_succeeded')
  const [first] = genuine
  const refused = { status: 401, runs: false }
  return [
    ...genuine,
    {
      name: 'the first one again',
      token: first?.token ?? '',
      status: 200,
      runs: false,
      note: 'acknowledged, not run again',
    },
    {
      ...refused,
      name: "forged: another key, Kinde's kid",
      token: await stranger.sign(fixture, { header: { kid: issuer.kid } }),
      note: 'refused',
    },
    {
      ...refused,
      name: 'an access token of the same key',
      token: await issuer.sign({ iss: issuer.issuer, aud: [], azp: 'app', scp: ['openid'], sub: 'kp_1', ...fixture }),
      note: 'refused: no webhook',
    },
    { ...refused, name: 'alg: none', token: unsigned(fixture), note: 'refused' },
    {
      name: 'user.created',
      token: await issuer.sign({ ...fixture, type: 'user.created' }),
      status: 200,
      runs: false,
      note: 'acknowledged, no billing event',
    },
  ]
}

function unsigned(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`
}
