import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'

/** A delivery with its expected result. */
export interface PlannedDelivery {
  readonly name: string
  readonly token: string
  readonly status: number
  /** `true` if the application's handler must run. */
  readonly runs: boolean
  /** Shown if no handler ran. */
  readonly note: string
}

/** Every billing event, then a duplicate, tokens that must be refused, and an event of another type. */
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
      note: 'refused: not a webhook',
    },
    { ...refused, name: 'alg: none', token: unsigned(fixture), note: 'refused' },
    {
      name: 'user.created',
      token: await issuer.sign({ ...fixture, type: 'user.created' }),
      status: 200,
      runs: false,
      note: 'acknowledged, not a billing event',
    },
  ]
}

function unsigned(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`
}
