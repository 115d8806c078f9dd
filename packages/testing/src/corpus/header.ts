import { accept, type CaseDraft, reject } from './case.js'
import { append, type Mint, prepend } from './mint.js'
import { joinBytes } from './rsa.js'
import { publicJwk, rsaSigner } from './signers.js'
import { ATTACKER_CERTIFICATE, TEST_KEYS } from './test-keys.js'

const { issuer, previous, attacker } = TEST_KEYS

/** The other header members. Where nothing else is said the signature is the issuer's own, and good. */
export function header(mint: Mint): CaseDraft[] {
  return [
    ...attackersKey(mint),
    ...critical(mint),
    ...keyIds(mint),
    ...explicitTypes(mint),
    ...nested(mint),
    ...form(mint),
    ...large(mint),
  ]
}

/** The token brings its own key, or says where it is. Neither is ever looked at. */
function attackersKey(mint: Mint): CaseDraft[] {
  const reason = 'CVE-2018-0114; RFC 8725, section 3.10: a key that comes with the token proves nothing'
  const url = 'https://attacker.example/jwks.json'
  const jwk = publicJwk(attacker)
  const pointers: [string, Record<string, unknown>][] = [
    ['jwk', { jwk }],
    ['jwk under the issuer’s kid', { jwk: { ...jwk, kid: issuer.kid } }],
    ['jku', { jku: url }],
    ['jku that begins like the issuer', { jku: `${mint.issuer}@attacker.example/.well-known/jwks` }],
    ['jku on loopback', { jku: 'http://127.0.0.1:9/jwks' }],
    ['jku that is a file', { jku: 'file:///dev/zero' }],
    ['x5u', { x5u: 'https://attacker.example/chain.pem' }],
    ['x5c', { x5c: [ATTACKER_CERTIFICATE] }],
    ['x5t and x5t#S256', { x5t: 'AAAA', 'x5t#S256': 'AAAA' }],
  ]
  return [
    ...pointers.map(([what, members]) =>
      reject(
        'invalid_signature',
        `the attacker's key by ${what}, the kid the issuer's`,
        reason,
        mint.token({ header: members, sign: rsaSigner(attacker) }),
      ),
    ),
    ...pointers
      .slice(0, 1)
      .map(([what, members]) =>
        reject(
          'unknown_key',
          `the attacker's key by ${what}, the kid its own`,
          reason,
          mint.token({ header: members, key: attacker }),
        ),
      ),
    reject(
      'unknown_key',
      "the attacker's key by jku, and no other",
      'RFC 7515, section 4.1.2: whoever follows jku lets the sender choose the key',
      mint.token({ header: { jku: url }, key: attacker }),
    ),
    accept(
      'jku, x5u, x5c and jwk in a token that the issuer signed',
      'RFC 7515, section 4: members that are not used are ignored, and not followed either',
      mint.token({ header: { jku: url, x5u: url, x5c: [ATTACKER_CERTIFICATE], jwk } }),
    ),
  ]
}

function critical(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7515, section 4.1.11: an extension that is not understood must be refused, and none is understood'
  const values: unknown[] = [['exp'], ['alg'], ['kid', 'typ'], ['b64'], ['x'], [''], [], 'exp', null, {}, 0, false]
  const b64 = 'RFC 7797, section 6: unencoded payloads are an extension that Kinde does not use'
  return [
    ...values.map((crit) =>
      reject('malformed_token', `crit ${JSON.stringify(crit)}`, reason, mint.token({ header: { crit, exp: 1, x: 1 } })),
    ),
    reject('malformed_token', 'b64 false', b64, mint.token({ header: { b64: false } })),
    reject('malformed_token', 'b64 false and critical', b64, mint.token({ header: { b64: false, crit: ['b64'] } })),
    reject('malformed_token', 'b64 true', b64, mint.token({ header: { b64: true } })),
    reject(
      'malformed_token',
      'enc',
      'RFC 7516, section 4.1.2: a member of JWE headers only',
      mint.token({ header: { enc: 'A256GCM' } }),
    ),
  ]
}

function keyIds(mint: Mint): CaseDraft[] {
  const type = 'RFC 7515, section 4.1.4: a string'
  const injection = 'RFC 8725, section 3.10: a kid is a name to compare, never a path, a query or a property to look up'
  const values: [unknown, string][] = [
    ['', 'RFC 7515, section 4.1.4: it must name a key'],
    ...[0, 1, null, true, [], [issuer.kid], { kid: issuer.kid }].map((kid): [unknown, string] => [kid, type]),
    ...[
      ...[
        'unknown',
        ' ',
        issuer.kid.toUpperCase(),
        `${issuer.kid} `,
        issuer.kid.replaceAll(':', '%3A'),
        issuer.kid.slice(0, -1),
      ],
      ...['../../../../dev/null', '/proc/sys/kernel/randomize_va_space', 'https://attacker.example/jwks.json'],
      ...["' UNION SELECT 'secret' -- ", '$(id)', `${issuer.kid}\u0000`, '\u0000', `${issuer.kid}\nkid=ok`, '\u2028'],
      ...['__proto__', 'constructor', 'hasOwnProperty', '\ud800', '\u202ecba', 'k'.repeat(257)],
    ].map((kid): [unknown, string] => [kid, injection]),
  ]
  const show = (kid: unknown) =>
    typeof kid === 'string' && kid.length > 100 ? 'of 257 characters' : JSON.stringify(kid)
  return [
    reject(
      'unknown_key',
      'no kid',
      'RFC 7515, section 4.1.4: without it no key is meant, and none is guessed',
      mint.token({ header: { kid: undefined } }),
    ),
    ...values.map(([kid, reason]) =>
      reject('unknown_key', `kid ${show(kid)}`, reason, mint.token({ header: { kid } })),
    ),
    reject(
      'malformed_token',
      'kid of 100 kB',
      'RFC 8725, section 3.10: what is not yet authentic is not worth much room',
      mint.token({ header: { kid: 'k'.repeat(100_000) } }),
    ),
    reject(
      'invalid_signature',
      'kid of one key of the set, signature of another',
      'RFC 7515, section 5.2: the key that is named must be the key that signed',
      mint.token({ header: { kid: previous.kid } }),
    ),
  ]
}

function explicitTypes(mint: Mint): CaseDraft[] {
  const confusion = 'RFC 8725, section 3.11: a token of another kind says so in typ'
  const types: [unknown, string][] = [
    ['at+jwt', `${confusion} (RFC 9068, section 2.1)`],
    ['application/at+jwt', `${confusion} (RFC 9068, section 2.1)`],
    ['AT+JWT', `${confusion}, and media types have no case (RFC 2045, section 5.1)`],
    ['logout+jwt', `${confusion} (OpenID Connect Back-Channel Logout, section 2.4)`],
    ['secevent+jwt', `${confusion} (RFC 8417, section 2.3)`],
    ['dpop+jwt', `${confusion} (RFC 9449, section 4.2)`],
    ['oauth-authz-req+jwt', `${confusion} (RFC 9101, section 10.8)`],
    ['JOSE', 'RFC 7515, section 4.1.9: a JWS of no particular kind'],
    ['JOSE+JSON', 'RFC 7515, section 4.1.9: not the compact serialization'],
    ...['', ' ', 'JWT ', 'JWT; charset=utf-8', 'text/jwt', 'application/application/jwt', 'JWT\u0000'].map(
      (typ): [unknown, string] => [typ, 'RFC 7519, section 5.1: JWT is what a webhook is, and this is not JWT'],
    ),
    ...[null, 1, ['JWT'], { JWT: true }].map((typ): [unknown, string] => [typ, 'RFC 7515, section 4.1.9: a string']),
  ]
  return types.map(([typ, reason]) =>
    reject('not_a_webhook', `typ ${JSON.stringify(typ)}`, reason, mint.token({ header: { typ } })),
  )
}

function nested(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7519, section 7.2: what a nested JWT holds has not been verified, and is not unwrapped'
  const inner = mint.token()
  const hostile = mint.token({ key: attacker })
  const wrap = async (token: Promise<string>, members: Record<string, unknown>) =>
    mint.token({ header: members, rawPayload: await token })
  return [
    reject('invalid_payload', 'a genuine token inside a genuine token', reason, wrap(inner, { cty: 'JWT' })),
    reject('invalid_payload', "an attacker's token inside a genuine token", reason, wrap(hostile, { cty: 'JWT' })),
    reject(
      'invalid_payload',
      'a genuine token as a JSON string, without cty',
      reason,
      wrap(
        inner.then((token) => JSON.stringify(token)),
        {},
      ),
    ),
    accept(
      'cty JWT over claims',
      'RFC 7515, section 4.1.10: it is for the application, and ignored',
      mint.token({ header: { cty: 'JWT' } }),
    ),
    accept(
      'zip over claims that are not compressed',
      'RFC 7516, section 4.1.3: a member of JWE headers, unknown to a JWS and ignored',
      mint.token({ header: { zip: 'DEF' } }),
    ),
    reject(
      'invalid_payload',
      'zip over claims that are compressed',
      'RFC 8725, section 3.6: nothing is unpacked',
      mint.token({ header: { zip: 'DEF' }, rawPayload: storedDeflate(JSON.stringify(mint.claims())) }),
    ),
  ]
}

/** One block that is stored, not compressed (RFC 1951, section 3.2.4): deflate without a deflater. */
function storedDeflate(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  const [low, high] = [bytes.length & 0xff, bytes.length >> 8]
  return joinBytes([1, low, high, ~low & 0xff, ~high & 0xff], bytes)
}

function form(mint: Mint): CaseDraft[] {
  const genuine = JSON.stringify(mint.header())
  const bytes = (text: string) => new TextEncoder().encode(text)
  const object = 'RFC 7515, section 4: the header is a JSON object'
  const grammar = 'RFC 8259, section 2: JSON and nothing else'
  const utf8 = 'RFC 7515, section 3.1: UTF-8'
  const notJson: [string, string, string | Uint8Array][] = [
    ...['[]', '"RS256"', '256', 'null', 'true', `[${genuine}]`].map((raw): [string, string, string] => [
      raw.slice(0, 20),
      object,
      raw,
    ]),
    ['white space', object, ' '],
    ['cut short', grammar, genuine.slice(0, -1)],
    ['with a comma at the end', grammar, genuine.replace('}', ',}')],
    ['with a comment', grammar, genuine.replace('{', '{/**/')],
    ['in single quotes', grammar, genuine.replaceAll('"', "'")],
    ['with an object behind it', grammar, `${genuine}{}`],
    ['with a NUL behind it', grammar, `${genuine}\u0000`],
    ['behind a byte order mark', 'RFC 8259, section 8.1: no byte order mark', `\ufeff${genuine}`],
    ['in UTF-16', utf8, new Uint8Array(Uint16Array.from(genuine, (char) => char.charCodeAt(0)).buffer)],
    ['with a byte that is not UTF-8', utf8, joinBytes(bytes(genuine.replace('}', ',"x":"')), [0xff], bytes('"}'))],
    [
      'with an overlong form',
      `${utf8}; RFC 3629, section 3`,
      joinBytes(bytes(genuine.replace('}', ',"x":"')), [0xc0, 0xae], bytes('"}')),
    ],
    [
      'with half a surrogate pair in UTF-8',
      `${utf8}; RFC 3629, section 3`,
      joinBytes(bytes(genuine.replace('}', ',"x":"')), [0xed, 0xa0, 0x80], bytes('"}')),
    ],
  ]
  const members = 'RFC 7515, section 4: of names that stand twice the last counts, as JSON.parse has it'
  const inherited = `"__proto__":${genuine}`
  return [
    ...notJson.map(([what, reason, rawHeader]) =>
      reject('malformed_token', `header ${what}`, reason, mint.token({ rawHeader })),
    ),
    reject(
      'unsupported_algorithm',
      'header {}',
      'RFC 7515, section 4.1.1: alg must be there',
      mint.token({ rawHeader: '{}' }),
    ),
    reject(
      'unsupported_algorithm',
      'header with its members in __proto__',
      'CVE-2022-46175 and its kin: a member of that name is no prototype',
      mint.token({ rawHeader: `{${inherited}}` }),
    ),
    reject(
      'unknown_key',
      'header with its kid in __proto__',
      'CVE-2022-46175 and its kin: a member of that name is no prototype',
      mint.token({ rawHeader: prepend(inherited, mint.header({ kid: undefined })) }),
    ),
    reject(
      'unknown_key',
      "kid twice, the attacker's the second time",
      members,
      mint.token({ rawHeader: append(mint.header(), `"kid":"${attacker.kid}"`), sign: rsaSigner(attacker) }),
    ),
    reject(
      'invalid_signature',
      "kid twice, the issuer's the second time, signed by the attacker",
      members,
      mint.token({ rawHeader: prepend(`"kid":"${attacker.kid}"`, mint.header()), sign: rsaSigner(attacker) }),
    ),
    reject(
      'not_a_webhook',
      'typ twice, at+jwt the second time',
      members,
      mint.token({ rawHeader: append(mint.header(), '"typ":"at+jwt"') }),
    ),
  ]
}

function large(mint: Mint): CaseDraft[] {
  const reason = 'RFC 8725, section 3.10: what is not yet authentic is not worth much room or time'
  const depth = 'CVE-2020-36518 and its kin: nesting that ends the stack of a parser'
  return [
    reject('payload_too_large', 'header of 1 MiB', reason, mint.token({ header: { x: 'x'.repeat(1 << 20) } })),
    reject('malformed_token', 'header of 300 kB', reason, mint.token({ header: { x: 'x'.repeat(300_000) } })),
    reject('malformed_token', 'header of 8 KiB and a little', reason, mint.token({ header: { x: 'x'.repeat(6_144) } })),
    reject(
      'malformed_token',
      'header of 20,000 brackets',
      depth,
      mint.token({ rawHeader: `{"x":${'['.repeat(20_000)}` }),
    ),
    reject(
      'malformed_token',
      'header of 5,000 brackets, none closed',
      depth,
      mint.token({ rawHeader: `{"x":${'['.repeat(5_000)}` }),
    ),
  ]
}
