import { type CaseDraft, reject } from './case.js'
import type { Mint } from './mint.js'
import { rsaSigner } from './signers.js'
import { TEST_KEYS } from './test-keys.js'

const { otherTenant, attacker } = TEST_KEYS

/** Authentic tokens that are no webhooks, and webhooks that are not ours: the same keys sign all of a tenant's tokens. */
export function substitution(mint: Mint): CaseDraft[] {
  return [...otherTokens(mint), ...oauthClaims(mint), ...issuers(mint), ...tenants(mint)]
}

interface OtherToken {
  readonly name: string
  readonly reason: string
  readonly claims: Record<string, unknown>
  readonly typ?: string
}

function tokensOf(mint: Mint): OtherToken[] {
  const now = Math.floor(mint.now / 1000)
  const registered = { iss: mint.issuer, iat: now, exp: now + 3600, jti: '4f9a1c5e-7d2b-4c1e-9a8f-0b6d3e2c1a90' }
  const clientId = '8c1f5e0b7a9d4c3e8f2a1b6d5c4e3f2a'
  const user = { sub: 'kp_2f6c1b7d9e8a4c3fb5d0a1e2c3f4a5b6' }
  return [
    {
      name: 'access token',
      reason: 'RFC 8725, section 2.8: cross-JWT confusion',
      claims: { ...registered, ...user, aud: [], azp: clientId, scp: ['openid'], org_code: 'org_1', permissions: [] },
    },
    {
      name: 'ID token',
      reason: 'RFC 8725, section 2.8; OpenID Connect Core, section 2',
      claims: {
        ...registered,
        ...user,
        aud: [clientId],
        azp: clientId,
        at_hash: 'AAAA',
        auth_time: now,
        email: 'a@example.com',
      },
    },
    {
      name: 'machine token',
      reason: 'RFC 8725, section 2.8; RFC 6749, section 4.4',
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
      reason: 'RFC 8725, section 2.8: not every access token has an aud',
      claims: { ...registered, azp: clientId, gty: ['client_credentials'] },
    },
    {
      name: 'logout token',
      reason: 'OpenID Connect Back-Channel Logout, section 2.4',
      typ: 'logout+jwt',
      claims: {
        ...registered,
        ...user,
        aud: clientId,
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      },
    },
    {
      name: 'logout token that does not say so',
      reason: 'OpenID Connect Back-Channel Logout, section 2.4: older ones have no typ',
      claims: {
        ...registered,
        ...user,
        aud: clientId,
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      },
    },
    {
      name: 'access token that says so',
      reason: 'RFC 9068, section 2.1',
      typ: 'at+jwt',
      claims: { ...registered, ...user, aud: 'https://api.example.com', client_id: clientId, scope: 'openid' },
    },
    {
      name: 'signed user information',
      reason: 'OpenID Connect Core, section 5.3.2',
      claims: { iss: mint.issuer, aud: clientId, ...user, email: 'a@example.com' },
    },
    {
      name: 'client assertion',
      reason: 'RFC 7523, section 3',
      claims: { ...registered, iss: mint.issuer, sub: clientId, aud: `${mint.issuer}/oauth2/token` },
    },
  ]
}

function otherTokens(mint: Mint): CaseDraft[] {
  return [
    ...tokensOf(mint).flatMap(({ name, reason, claims, typ }) => {
      const header = typ === undefined ? {} : { typ }
      return [
        reject(
          'not_a_webhook',
          `${name}, as it is`,
          reason,
          mint.token({ header, rawPayload: JSON.stringify(claims) }),
        ),
        reject(
          'not_a_webhook',
          `${name}, with a webhook's claims added`,
          `${reason}; RFC 8725, section 3.12`,
          mint.token({ header, claims }),
        ),
      ]
    }),
    reject(
      'token_not_current',
      'access token that has expired',
      'RFC 7519, section 4.1.4: expired, whatever else it may be',
      mint.token({ claims: { ...tokensOf(mint)[0]?.claims, exp: Math.floor(mint.now / 1000) - 1 } }),
    ),
    reject(
      'invalid_payload',
      'token with registered claims only',
      'RFC 7519, section 4.1: nothing in it says that it is an event',
      mint.token({ rawPayload: JSON.stringify({ iss: mint.issuer, iat: 1, jti: 'x' }) }),
    ),
  ]
}

/** Each of them alone makes the difference. */
function oauthClaims(mint: Mint): CaseDraft[] {
  const reason = 'RFC 8725, section 3.12: a claim that webhooks never have and OAuth and OpenID tokens do'
  const values: [string, unknown][] = [
    ['aud', mint.issuer],
    ['aud', []],
    ['aud', null],
    ['azp', ''],
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
      reject(
        'not_a_webhook',
        `webhook with ${name} ${JSON.stringify(value)}`,
        reason,
        mint.token({ claims: { [name]: value } }),
      ),
    ),
    reject(
      'not_a_webhook',
      'event of another type with sub',
      `${reason}; judged before the type`,
      mint.token({ claims: { type: 'user.created', sub: 'kp_1' } }),
    ),
  ]
}

function issuers(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7519, section 4.1.1; RFC 8725, section 3.8: an issuer is compared to the letter'
  const { issuer } = mint
  const values: unknown[] = [
    ...['https://attacker.example', `${issuer}/`, `${issuer}.attacker.example`, `${issuer}@attacker.example`],
    ...[`https://attacker.example/?iss=${issuer}`, `${issuer}#`, `${issuer}:443`, ` ${issuer}`, `${issuer}\u0000`],
    ...[issuer.toUpperCase(), issuer.replace(/^https?/, 'ftp'), issuer.replace(/^https?:\/\//, ''), ''],
    ...[null, true, { toString: issuer }, []],
  ]
  return [
    ...values.map((iss) =>
      reject('issuer_mismatch', `iss ${JSON.stringify(iss)}`, reason, mint.token({ claims: { iss } })),
    ),
    reject(
      'issuer_mismatch',
      'iss a list with ours in it',
      'CVE-2025-30144: a list of issuers, one of them ours',
      mint.token({ claims: { iss: ['https://attacker.example', issuer] } }),
    ),
    reject(
      'issuer_mismatch',
      'iss a list of ours alone',
      'CVE-2025-30144; RFC 7519, section 4.1.1: a string',
      mint.token({ claims: { iss: [issuer] } }),
    ),
    reject(
      'issuer_mismatch',
      'event of another type with a foreign iss',
      `${reason}; judged before the type`,
      mint.token({ claims: { type: 'user.created', iss: 'https://attacker.example' } }),
    ),
  ]
}

function tenants(mint: Mint): CaseDraft[] {
  const other = 'https://other-tenant.kinde.com'
  const reason = 'RFC 8725, section 3.8: another tenant has other keys, and a good webhook of its own is none of ours'
  const chosen = 'RFC 8725, section 3.10: whoever takes the keys from the token’s own iss accepts everybody’s'
  return [
    reject('unknown_key', "another tenant's webhook", reason, mint.token({ key: otherTenant })),
    reject(
      'unknown_key',
      "another tenant's webhook, with its own iss",
      reason,
      mint.token({ key: otherTenant, claims: { iss: other } }),
    ),
    reject(
      'unknown_key',
      "another tenant's webhook, with our iss",
      reason,
      mint.token({ key: otherTenant, claims: { iss: mint.issuer } }),
    ),
    reject(
      'invalid_signature',
      "another tenant's webhook under our kid",
      reason,
      mint.token({ sign: rsaSigner(otherTenant) }),
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
      chosen,
      mint.token({ key: attacker, claims: { iss: 'https://attacker.example' } }),
    ),
    reject(
      'unknown_key',
      "the attacker's webhook, its issuer named in the header",
      chosen,
      mint.token({ key: attacker, header: { iss: 'https://attacker.example' } }),
    ),
  ]
}
