import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { fixtureData } from '../fixture-data.js'
import { accept, type CaseDraft, unsupported } from './case.js'
import { type Mint, prepend } from './mint.js'
import { TEST_KEYS } from './test-keys.js'

const { previous } = TEST_KEYS

/** Genuine deliveries, as Kinde sends them and as it may send them one day. None may be turned away. */
export function compatibility(mint: Mint): CaseDraft[] {
  return [...eight(mint), ...forms(mint), ...headers(mint), ...claims(mint), ...data(mint), ...otherEvents(mint)]
}

function eight(mint: Mint): CaseDraft[] {
  return BILLING_EVENT_TYPES.flatMap((type) =>
    (['flat', 'nested'] as const).map((dialect) =>
      accept(
        `${type}, ${dialect}`,
        'one of the eight, in a shape that has been seen',
        mint.token({ claims: { type, data: fixtureData(type, dialect) } }),
      ),
    ),
  )
}

/** What stands around a token, or how it is held. */
function forms(mint: Mint): CaseDraft[] {
  const lineEnd = 'one line end behind the token does no harm: editors and shells put it there'
  const bytes = async (before: string, behind: string) =>
    new TextEncoder().encode(before + (await mint.token()) + behind)
  const behind = async (text: string) => (await mint.token()) + text
  return [
    accept('token as it is', 'a genuine delivery', mint.token()),
    accept('token with LF behind it', lineEnd, behind('\n')),
    accept('token with CRLF behind it', lineEnd, behind('\r\n')),
    accept('token as bytes', 'a body is bytes', bytes('', '')),
    accept('token as bytes with LF behind it', lineEnd, bytes('', '\n')),
    accept('token as bytes with CRLF behind it', lineEnd, bytes('', '\r\n')),
    accept(
      'token as a view into a larger buffer',
      'a view has an offset and a length',
      bytes('....', '....').then((all) => all.subarray(4, -4)),
    ),
    accept(
      'token of the key before',
      'RFC 7517, section 5: the set has both keys while they are rotated',
      mint.token({ key: previous }),
    ),
  ]
}

function headers(mint: Mint): CaseDraft[] {
  const typ =
    'RFC 7519, section 5.1; RFC 7515, section 4.1.9: typ is optional, has no case, and may do without application/'
  const unknown = 'RFC 7515, section 4: members that are not understood are ignored'
  const json = 'RFC 8259, section 2: the same JSON in other words'
  const { kid } = TEST_KEYS.issuer
  const filling = { ...mint.header(), x: '' }
  return [
    accept('no typ', typ, mint.token({ header: { typ: undefined } })),
    ...['jwt', 'Jwt', 'application/jwt', 'APPLICATION/JWT'].map((value) =>
      accept(`typ ${value}`, typ, mint.token({ header: { typ: value } })),
    ),
    accept(
      'header members that nobody knows',
      unknown,
      mint.token({ header: { 'x-kinde': 1, ver: '2', iat: 1, url: null, nonce: [], ppt: {} } }),
    ),
    accept(
      'header members named like methods',
      unknown,
      mint.token({ rawHeader: prepend('"__proto__":{"alg":"none"},"constructor":1,"then":2', mint.header()) }),
    ),
    accept(
      '500 header members',
      unknown,
      mint.token({ header: Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x${index}`, 0])) }),
    ),
    accept('header in another order', json, mint.token({ rawHeader: `{"typ":"JWT","kid":"${kid}","alg":"RS256"}` })),
    accept(
      'header with white space',
      json,
      mint.token({ rawHeader: `\r\n${JSON.stringify(mint.header(), null, '\t')}\n` }),
    ),
    accept(
      'header with escapes',
      json,
      mint.token({
        rawHeader: `{"\\u0061lg":"RS\\u003256","kid":"${kid.replaceAll(':', '\\u003a')}","typ":"J\\u0057T"}`,
      }),
    ),
    accept(
      'header of 8 KiB',
      'the limit is 8,192 characters of base64url',
      mint.token({ header: { x: 'x'.repeat(6_144 - JSON.stringify(filling).length) } }),
    ),
  ]
}

function claims(mint: Mint): CaseDraft[] {
  const unknown = 'RFC 7519, section 4: claims that are not understood are ignored'
  const open = 'source is an open set'
  const informative = 'event_timestamp is read where it can be, and judged nowhere'
  const id = 'an id is any text of up to 256 characters'
  return [
    accept(
      'unknown claims',
      unknown,
      mint.token({ claims: { version: 2, environment: 'production', trace: { id: null }, tags: [], attempt: 3 } }),
    ),
    accept(
      'claims of OAuth in other case, or one level down',
      'RFC 7519, section 4: names have case',
      mint.token({ claims: { AUD: 'x', Sub: 'x', context: { aud: 'x', sub: 'x', scope: 'x' } } }),
    ),
    accept(
      'iss that is ours',
      'RFC 7519, section 4.1.1: the tokens of today have none; one that is ours is welcome',
      mint.token({ claims: { iss: mint.issuer } }),
    ),
    accept(
      'iat, jti, sid and events',
      unknown,
      mint.token({ claims: { iat: Math.floor(mint.now / 1000), jti: 'x', sid: 'x', events: {} } }),
    ),
    ...['api', 'user', 'billing_engine', '', null, 7].map((source) =>
      accept(`source ${JSON.stringify(source)}`, open, mint.token({ claims: { source } })),
    ),
    accept('no source', open, mint.token({ claims: { source: undefined } })),
    accept('no event_timestamp', 'older tokens have none', mint.token({ claims: { event_timestamp: undefined } })),
    ...['yesterday', 1_700_000_000, null, {}].map((event_timestamp) =>
      accept(
        `event_timestamp ${JSON.stringify(event_timestamp)}`,
        informative,
        mint.token({ claims: { event_timestamp } }),
      ),
    ),
    accept('event_id of 256 characters', id, mint.token({ claims: { event_id: 'e'.repeat(256) } })),
    accept('event_id in other letters', id, mint.token({ claims: { event_id: 'événement №1 🧾' } })),
    accept(
      'payload with white space',
      'RFC 8259, section 2: the same JSON in other words',
      mint.token({ rawPayload: `\n${JSON.stringify(mint.claims(), null, 4)}\r\n` }),
    ),
    accept(
      'payload in escapes',
      'RFC 8259, section 7: the same JSON in other words',
      mint.token({ rawPayload: JSON.stringify(mint.claims()).replaceAll('a', '\\u0061') }),
    ),
  ]
}

/** Kinde publishes no schema for `data`, so that nothing in it can be wrong. */
function data(mint: Mint): CaseDraft[] {
  const reason = 'a verified event is never refused for what its data holds'
  const members: [string, Record<string, unknown>][] = [
    ['that is empty', {}],
    ['with unknown keys', { customer_id: 'customer_1', invoice_v2: { lines: [1, 2] } }],
    [
      'with values of other types',
      { customer_id: 1, org_code: [], plan: 'pro', agreement: null, plan_code: {}, user_id: true },
    ],
    [
      'in both dialects at once',
      { ...fixtureData('customer.plan_changed', 'flat'), ...fixtureData('customer.plan_changed', 'nested') },
    ],
    ['with every kind of text', { customer_id: 'customer_1', note: '\u0000\u001b[31m\u2028\ud800 "\\ 🧾' }],
    ['with keys of the envelope', { type: 'user.created', event_id: 'x', timestamp: 'x', data: null, aud: 'x' }],
  ]
  return [
    ...members.map(([what, value]) => accept(`data ${what}`, reason, mint.token({ claims: { data: value } }))),
    ...[0, '0', '12.5', 'many', null, { amount: 1 }].map((quantity) =>
      accept(
        `quantity ${JSON.stringify(quantity)}`,
        reason,
        mint.token({ claims: { type: 'customer.meter_usage_updated', data: { customer_id: 'customer_1', quantity } } }),
      ),
    ),
    accept(
      'invoice_due_on as a number',
      reason,
      mint.token({
        claims: { type: 'customer.invoice_overdue', data: { customer_id: 'customer_1', invoice_due_on: 20_260_417 } },
      }),
    ),
  ]
}

/** Signed, and not one of the eight: acknowledged, and nothing but the type is judged. */
function otherEvents(mint: Mint): CaseDraft[] {
  const reason = 'Kinde may send what it likes: a refusal would end with the endpoint disabled'
  const types = [
    'customer.plan_created',
    'user.created',
    'user.updated',
    'organization.deleted',
    'access_request.created',
    'x',
  ]
  const bare = (members: Record<string, unknown>) => mint.token({ rawPayload: JSON.stringify(members) })
  const type = 'user.updated'
  return [
    ...types.map((other) => unsupported(`event ${other}`, reason, mint.token({ claims: { type: other } }))),
    unsupported('another event, with nothing but its type', reason, bare({ type })),
    unsupported('another event, without data', reason, mint.token({ claims: { type, data: undefined } })),
    unsupported('another event, its data a list', reason, mint.token({ claims: { type, data: [] } })),
    unsupported('another event, without event_id', reason, mint.token({ claims: { type, event_id: undefined } })),
    unsupported('another event, its event_id a number', reason, mint.token({ claims: { type, event_id: 7 } })),
    unsupported('another event, without timestamp', reason, mint.token({ claims: { type, timestamp: undefined } })),
    unsupported('another event, its timestamp a number', reason, mint.token({ claims: { type, timestamp: 7 } })),
    unsupported(
      'another event, years old',
      reason,
      mint.token({ claims: { type, timestamp: '2020-01-01T00:00:00Z' } }),
    ),
    unsupported(
      'another event, with a user in its data',
      'the shape of a user.updated that Kinde signed',
      mint.token({
        claims: { type, data: { user: { id: 'kp_1', email: 'a@example.com' } }, event_timestamp: undefined },
      }),
    ),
  ]
}
