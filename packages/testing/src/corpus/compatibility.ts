import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { type Dialect, fixtureData } from '../fixture-data.js'
import { accept, acceptEach, type CaseDraft, unsupported } from './case.js'
import { type Mint, prepend } from './mint.js'
import { TEST_KEYS } from './test-keys.js'

const { issuer, previous } = TEST_KEYS

/** Genuine deliveries, as Kinde sends them and as it may send them one day. None may be turned away. */
export function compatibility(mint: Mint): CaseDraft[] {
  return [...eachType(mint), ...forms(mint), ...headers(mint), ...claims(mint), ...data(mint), ...otherEvents(mint)]
}

function eachType(mint: Mint): CaseDraft[] {
  const dialects: Dialect[] = ['flat', 'nested']
  return BILLING_EVENT_TYPES.flatMap((type) =>
    dialects.map((dialect) =>
      accept(
        `${type}, ${dialect}`,
        'a billing event, in a shape that has been seen',
        mint.token({ claims: { type, data: fixtureData(type, dialect) } }),
      ),
    ),
  )
}

/** How a token is held, and what stands around it. */
function forms(mint: Mint): CaseDraft[] {
  const reason = 'a body is bytes or text, and a line end behind it does no harm: editors and shells put it there'
  const bytes = (text: string) => new TextEncoder().encode(text)
  const wrappings: Record<string, (token: string) => string | Uint8Array<ArrayBuffer>> = {
    'token as it is': (token) => token,
    'token with LF behind it': (token) => `${token}\n`,
    'token with CRLF behind it': (token) => `${token}\r\n`,
    'token as bytes': (token) => bytes(token),
    'token as bytes with CRLF behind it': (token) => bytes(`${token}\r\n`),
    'token as a view into a larger buffer': (token) => bytes(`....${token}....`).subarray(4, -4),
  }
  return [
    ...acceptEach(reason, wrappings, (wrap) => mint.token().then(wrap)),
    accept(
      'token of the key before',
      'RFC 7517, section 5: while keys are rotated the set has both',
      mint.token({ key: previous }),
    ),
  ]
}

function headers(mint: Mint): CaseDraft[] {
  const kid = issuer.kid
  const room = 6_144 - JSON.stringify({ ...mint.header(), x: '' }).length
  const types = { 'typ absent': undefined, 'typ jwt': 'jwt', 'typ application/JWT': 'application/JWT' }
  const members = {
    'unknown header members': { 'x-kinde': 1, ver: '2', iat: 1, url: null, nonce: [], ppt: {} },
    '500 header members': Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x${index}`, 0])),
    'header of 8 KiB': { x: 'x'.repeat(room) },
  }
  const texts = {
    'header members named like methods': prepend('"__proto__":{"alg":"none"},"constructor":1,"then":2', mint.header()),
    'header in another order': `{"typ":"JWT","kid":"${kid}","alg":"RS256"}`,
    'header with white space': `\r\n${JSON.stringify(mint.header(), null, '\t')}\n`,
    'header with escapes': `{"\\u0061lg":"RS\\u003256","kid":"${kid.replaceAll(':', '\\u003a')}"}`,
  }
  return [
    ...acceptEach('RFC 7519, section 5.1; RFC 7515, section 4.1.9: optional, and without case', types, (typ) =>
      mint.token({ header: { typ } }),
    ),
    ...acceptEach('RFC 7515, section 4: members that are not understood are ignored', members, (header) =>
      mint.token({ header }),
    ),
    ...acceptEach('RFC 8259, section 2: the same JSON in other words', texts, (rawHeader) => mint.token({ rawHeader })),
  ]
}

function claims(mint: Mint): CaseDraft[] {
  const other = {
    'unknown claims': { version: 2, environment: 'production', trace: { id: null }, tags: [] },
    'claims of OAuth in another case, or one level down': { AUD: 'x', Sub: 'x', context: { aud: 'x', sub: 'x' } },
    'claims of JWT that webhooks do not have today': {
      iat: Math.floor(mint.now / 1000),
      jti: 'x',
      sid: 'x',
      events: {},
    },
    'iss that is ours': { iss: mint.issuer },
    'source api': { source: 'api' },
    'unknown source': { source: 'billing_engine' },
    'source null': { source: null },
    'source absent': { source: undefined },
    'event_timestamp absent': { event_timestamp: undefined },
    'event_timestamp unreadable': { event_timestamp: 'yesterday' },
    'event_timestamp a number': { event_timestamp: 1_700_000_000 },
    'event_id of 256 characters': { event_id: 'e'.repeat(256) },
    'event_id in other letters': { event_id: 'événement №1 🧾' },
  }
  const texts = {
    'payload with white space': `\n${JSON.stringify(mint.claims(), null, 4)}\r\n`,
    'payload in escapes': JSON.stringify(mint.claims()).replaceAll('a', '\\u0061'),
  }
  return [
    ...acceptEach('RFC 7519, section 4: claims that are not understood are ignored', other, (members) =>
      mint.token({ claims: members }),
    ),
    ...acceptEach('RFC 8259, section 2: the same JSON in other words', texts, (rawPayload) =>
      mint.token({ rawPayload }),
    ),
  ]
}

/** Kinde publishes no schema for `data`, so that nothing in it can be wrong. */
function data(mint: Mint): CaseDraft[] {
  const type = 'customer.meter_usage_updated'
  const [flat, nested] = [fixtureData(type, 'flat'), fixtureData(type, 'nested')]
  const values: Record<string, Record<string, unknown>> = {
    'data empty': {},
    'data with unknown keys': { customer_id: 'customer_1', invoice_v2: { lines: [1, 2] } },
    'data with values of other types': { customer_id: 1, org_code: [], plan: 'pro', agreement: null, user_id: true },
    'data in both dialects at once': { ...flat, ...nested },
    'data with every kind of text': { customer_id: 'customer_1', note: '\u0000\u001b[31m\u2028\ud800 "\\ 🧾' },
    'data with keys of the envelope and of OAuth': {
      type: 'user.created',
      event_id: 1,
      timestamp: 1,
      data: null,
      aud: 1,
    },
    'data with quantity 0': { ...flat, quantity: 0 },
    'data with a quantity that is text': { ...flat, quantity: 'many' },
  }
  const reason = 'a verified event is never refused for what its data holds'
  return acceptEach(reason, values, (members) => mint.token({ claims: { type, data: members } }))
}

/** Signed, and not a billing event: acknowledged, and nothing but the type is checked. */
function otherEvents(mint: Mint): CaseDraft[] {
  const type = 'user.updated'
  const events = {
    'event customer.plan_created': { type: 'customer.plan_created' },
    'event user.updated, as Kinde has signed one': { type, data: { user: { id: 'kp_1', email: 'a@example.com' } } },
    'event organization.deleted': { type: 'organization.deleted' },
    'event of another type, without data': { type, data: undefined },
    'event of another type, its data a list': { type, data: [] },
    'event of another type, without event_id': { type, event_id: undefined },
    'event of another type, its event_id a number': { type, event_id: 7 },
    'event of another type, without timestamp': { type, timestamp: undefined },
    'event of another type, its timestamp a number': { type, timestamp: 7 },
    'event of another type, years old': { type, timestamp: '2020-01-01T00:00:00Z' },
  }
  const reason = 'Kinde may send what it likes: a refusal would end with the endpoint disabled'
  return [
    ...Object.entries(events).map(([name, members]) => unsupported(name, reason, mint.token({ claims: members }))),
    unsupported('event of another type, and nothing else', reason, mint.token({ rawPayload: `{"type":"${type}"}` })),
  ]
}
