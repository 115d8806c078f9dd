import { type CaseDraft, reject, rejectEach } from './case.js'
import type { Mint } from './mint.js'
import { TEST_KEYS } from './test-keys.js'

const { otherTenant, attacker } = TEST_KEYS
const CODE = 'not_a_webhook'

/** Authentic tokens that are no webhooks, and webhooks that are not ours: the same keys sign all of a tenant's tokens. */
export function substitution(mint: Mint): CaseDraft[] {
  return [...otherTokens(mint), ...oauthClaims(mint), ...issuers(mint), ...tenants(mint)]
}

interface OtherToken {
  readonly name: string
  readonly reason: string
  readonly header?: { readonly typ: string }
  readonly claims: Record<string, unknown>
}

function tokensOf(mint: Mint): OtherToken[] {
  const now = Math.floor(mint.now / 1000)
  const registered = { iss: mint.issuer, iat: now, exp: now + 3600, jti: '4f9a1c5e-7d2b-4c1e-9a8f-0b6d3e2c1a90' }
  const clientId = '8c1f5e0b7a9d4c3e8f2a1b6d5c4e3f2a'
  const sub = 'kp_2f6c1b7d9e8a4c3fb5d0a1e2c3f4a5b6'
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  return [
    {
      name: 'access token',
      reason: 'RFC 8725, section 2.8: cross-JWT confusion',
      claims: { ...registered, sub, aud: [], azp: clientId, scp: ['openid'], org_code: 'org_1', permissions: [] },
    },
    {
      name: 'access token that says so',
      reason: 'RFC 9068, section 4',
      header: { typ: 'at+jwt' },
      claims: { ...registered, sub, aud: 'https://api.example.com', client_id: clientId, scope: 'openid' },
    },
    {
      name: 'ID token',
      reason: 'OpenID Connect Core, section 2',
      claims: { ...registered, sub, aud: [clientId], azp: clientId, at_hash: 'AAAA', auth_time: now },
    },
    {
      name: 'machine token',
      reason: 'RFC 6749, section 4.4',
      claims: {
        ...registered,
        aud: ['https://api.example.com'],
        azp: clientId,
        gty: ['client_credentials'],
        scope: '',
      },
    },
    {
      name: 'machine token without an audience',
      reason: 'RFC 8725, section 2.8: not every token has an aud to tell it by',
      claims: { ...registered, azp: clientId, gty: ['client_credentials'] },
    },
    {
      name: 'logout token',
      reason: 'OpenID Connect Back-Channel Logout, section 2.4',
      header: { typ: 'logout+jwt' },
      claims: { ...registered, sub, aud: clientId, events },
    },
    {
      name: 'logout token without a typ of its own',
      reason: 'OpenID Connect Back-Channel Logout, section 2.4',
      claims: { ...registered, sub, aud: clientId, events },
    },
  ]
}

function otherTokens(mint: Mint): CaseDraft[] {
  const now = Math.floor(mint.now / 1000)
  return [
    ...tokensOf(mint).flatMap(({ name, reason, header = {}, claims }) => [
      reject(CODE, `${name}, bare`, reason, mint.token({ header, rawPayload: JSON.stringify(claims) })),
      reject(CODE, `${name}, with a webhook's claims added`, reason, mint.token({ header, claims })),
    ]),
    reject(
      'token_not_current',
      'access token that has expired',
      'RFC 7519, section 4.1.4: expired, whatever else it may be',
      mint.token({ claims: { ...tokensOf(mint)[0]?.claims, exp: now - 1 } }),
    ),
    reject(
      'invalid_payload',
      'token with registered claims only',
      'RFC 7519, section 4.1: nothing in it says that it is an event',
      mint.token({ rawPayload: JSON.stringify({ iss: mint.issuer, iat: now, exp: now + 3600, jti: 'x' }) }),
    ),
  ]
}

/** Each of them alone makes the difference. */
function oauthClaims(mint: Mint): CaseDraft[] {
  const reason = 'RFC 8725, section 3.12: a claim that webhooks never have, and OAuth and OpenID tokens do'
  const values: [string, unknown][] = [
    ['aud', 'https://api.example.com'],
    ['aud', []],
    ['azp', null],
    ['sub', 'kp_1'],
    ['scp', []],
    ['scope', ''],
    ['gty', ['client_credentials']],
    ['client_id', 'x'],
    ['nonce', 'x'],
    ['at_hash', 'x'],
    ['c_hash', 'x'],
    ['auth_time', 0],
    ['cnf', {}],
    ['act', { sub: 'x' }],
  ]
  return [
    ...values.map(([name, value]) =>
      reject(CODE, `webhook with ${name} ${JSON.stringify(value)}`, reason, mint.token({ claims: { [name]: value } })),
    ),
    reject(
      CODE,
      'event of another type with sub',
      `${reason}; checked before the type`,
      mint.token({ claims: { type: 'user.created', sub: 'kp_1' } }),
    ),
  ]
}

function issuers(mint: Mint): CaseDraft[] {
  const { issuer } = mint
  const foreign = { iss: 'https://attacker.example' }
  const claims = {
    'iss of the attacker': foreign,
    'iss of the attacker, in an event of another type': { ...foreign, type: 'user.created' },
    'iss with a slash behind it': { iss: `${issuer}/` },
    'iss that begins like ours': { iss: `${issuer}.attacker.example` },
    'iss with ours as its user': { iss: `${issuer}@attacker.example` },
    'iss with ours in its query': { iss: `https://attacker.example/?iss=${issuer}` },
    'iss in upper case': { iss: issuer.toUpperCase() },
    'iss without its scheme': { iss: issuer.replace(/^https?:\/\//, '') },
    'iss empty': { iss: '' },
    'iss null': { iss: null },
    'iss a list of ours': { iss: [issuer] },
    "iss a list of the attacker's and ours (CVE-2025-30144)": { iss: [foreign.iss, issuer] },
  }
  const reason = 'RFC 7519, section 4.1.1; RFC 8725, section 3.8: a string, compared exactly'
  return rejectEach('issuer_mismatch', reason, claims, (members) => mint.token({ claims: members }))
}

function tenants(mint: Mint): CaseDraft[] {
  const other = 'https://other-tenant.kinde.com'
  const reason = 'RFC 8725, section 3.8: another tenant has other keys, and its webhooks are none of ours'
  return [
    reject('unknown_key', "another tenant's webhook", reason, mint.token({ key: otherTenant })),
    reject(
      'unknown_key',
      "another tenant's webhook, with our iss",
      reason,
      mint.token({ key: otherTenant, claims: { iss: mint.issuer } }),
    ),
    reject(
      'issuer_mismatch',
      "another tenant's iss, signed with our key",
      'RFC 8725, section 3.8: should tenants ever share a key, iss tells them apart',
      mint.token({ claims: { iss: other } }),
    ),
    reject(
      'unknown_key',
      "the attacker's webhook, with the attacker's iss",
      'RFC 8725, section 3.10: a verifier that takes the keys from the token’s own iss accepts any issuer',
      mint.token({ key: attacker, claims: { iss: 'https://attacker.example' } }),
    ),
  ]
}
