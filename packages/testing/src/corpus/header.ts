import { accept, acceptEach, type CaseDraft, reject, rejectEach } from './case.js'
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
    ...notAnObject(mint),
    ...names(mint),
    ...large(mint),
  ]
}

/** The token brings its own key, or says where it is. Neither is ever looked at. */
function attackersKey(mint: Mint): CaseDraft[] {
  const reason = 'CVE-2018-0114; RFC 8725, section 3.10: a key that comes with the token proves nothing'
  const url = 'https://attacker.example/jwks.json'
  const jwk = publicJwk(attacker)
  const pointers = {
    "the attacker's key by jwk, under the issuer's kid": { jwk: { ...jwk, kid: issuer.kid } },
    "the attacker's key by jku": { jku: url },
    "the attacker's key by a jku that begins like the issuer": { jku: `${mint.issuer}@attacker.example/jwks` },
    "the attacker's key by x5u": { x5u: 'https://attacker.example/chain.pem' },
    "the attacker's key by x5c": { x5c: [ATTACKER_CERTIFICATE] },
  }
  return [
    ...rejectEach('invalid_signature', reason, pointers, (members) =>
      mint.token({ header: members, sign: rsaSigner(attacker) }),
    ),
    ...rejectEach(
      'unknown_key',
      reason,
      {
        "the attacker's key by jwk, under its own kid": { jwk },
        "the attacker's key by jku, under its own kid": { jku: url },
      },
      (members) => mint.token({ header: members, key: attacker }),
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
  const values: unknown[] = [['exp'], ['alg'], ['x'], [], 'exp', null]
  return [
    ...values.map((crit) =>
      reject('malformed_token', `crit ${JSON.stringify(crit)}`, reason, mint.token({ header: { crit, exp: 1, x: 1 } })),
    ),
    ...rejectEach(
      'malformed_token',
      'RFC 7797, section 6: unencoded payloads are an extension that Kinde does not use',
      {
        'b64 false': { b64: false },
        'b64 false, and critical': { b64: false, crit: ['b64'] },
        'b64 true, and critical': { b64: true, crit: ['b64'] },
      },
      (members) => mint.token({ header: members }),
    ),
    reject(
      'malformed_token',
      'enc',
      'RFC 7516, section 4.1.2: a member of JWE headers only',
      mint.token({ header: { enc: 'A256GCM' } }),
    ),
  ]
}

function keyIds(mint: Mint): CaseDraft[] {
  const type = 'RFC 7515, section 4.1.4: a string that names a key; without one no key is guessed'
  const name = 'RFC 8725, section 3.10: a kid is compared exactly, and is not a path, query or property'
  const withKid = (kid: unknown) => mint.token({ header: { kid } })
  const mistyped = {
    'kid absent': undefined,
    'kid empty': '',
    'kid null': null,
    'kid a number': 1,
    'kid an empty list': [],
    'kid in a list': [issuer.kid],
    'kid in an object': { kid: issuer.kid },
  }
  const unknown = {
    'kid unknown': 'unknown',
    'kid in upper case': issuer.kid.toUpperCase(),
    'kid with a space behind it': `${issuer.kid} `,
    'kid percent-encoded': issuer.kid.replaceAll(':', '%3A'),
    'kid a path': '../../../../dev/null',
    'kid a query': "' UNION SELECT 'secret' -- ",
    'kid with a NUL behind it': `${issuer.kid}\u0000`,
    'kid with a line end and a log entry behind it': `${issuer.kid}\nlevel=info`,
    'kid __proto__': '__proto__',
    'kid constructor': 'constructor',
    'kid half a surrogate pair': '\ud800',
    'kid of 257 characters': 'k'.repeat(257),
  }
  return [
    ...rejectEach('unknown_key', type, mistyped, withKid),
    ...rejectEach('unknown_key', name, unknown, withKid),
    reject(
      'malformed_token',
      'kid of 100 kB',
      'RFC 8725, section 3.10: what is not yet authentic is not worth much room',
      withKid('k'.repeat(100_000)),
    ),
    reject(
      'invalid_signature',
      'kid of one key of the set, signature of another',
      'RFC 7515, section 5.2: the key that is named must be the key that signed',
      withKid(previous.kid),
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
    ['JOSE', 'RFC 7515, section 4.1.9: a JWS of no particular kind'],
    ['JOSE+JSON', 'RFC 7515, section 4.1.9: not the compact serialization'],
    ...['', 'JWT ', 'JWT; charset=utf-8', 'text/jwt', 'application/application/jwt'].map((typ): [unknown, string] => [
      typ,
      'RFC 7519, section 5.1: JWT is what a webhook is, and this is not JWT',
    ]),
    ...[null, 1, ['JWT']].map((typ): [unknown, string] => [typ, 'RFC 7515, section 4.1.9: a string']),
  ]
  return types.map(([typ, reason]) =>
    reject('not_a_webhook', `typ ${JSON.stringify(typ)}`, reason, mint.token({ header: { typ } })),
  )
}

function nested(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7519, section 7.2: what a nested JWT holds has not been verified, and is not unwrapped'
  const zip = 'RFC 7516, section 4.1.3: a member of JWE headers, unknown to a JWS'
  const compressed = storedDeflate(JSON.stringify(mint.claims()))
  const wrap = async (inner: Promise<string>) => mint.token({ header: { cty: 'JWT' }, rawPayload: await inner })
  return [
    reject('invalid_payload', 'a genuine token inside a genuine token', reason, wrap(mint.token())),
    reject(
      'invalid_payload',
      "an attacker's token inside a genuine token",
      reason,
      wrap(mint.token({ key: attacker })),
    ),
    reject(
      'invalid_payload',
      'zip over claims that are compressed',
      `${zip}; nothing is unpacked`,
      mint.token({ header: { zip: 'DEF' }, rawPayload: compressed }),
    ),
    ...acceptEach(zip, { 'zip over claims that are not compressed': 'DEF' }, (value) =>
      mint.token({ header: { zip: value } }),
    ),
    accept(
      'cty JWT over claims',
      'RFC 7515, section 4.1.10: it is for the application',
      mint.token({ header: { cty: 'JWT' } }),
    ),
  ]
}

/** One block that is stored, not compressed (RFC 1951, section 3.2.4): deflate without a deflater. */
function storedDeflate(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  const [low, high] = [bytes.length & 0xff, bytes.length >> 8]
  return joinBytes([1, low, high, ~low & 0xff, ~high & 0xff], bytes)
}

function notAnObject(mint: Mint): CaseDraft[] {
  const genuine = JSON.stringify(mint.header())
  const utf16 = new Uint8Array(Uint16Array.from(genuine, (char) => char.charCodeAt(0)).buffer)
  const withBytes = (...bytes: number[]) => {
    const [before = '', after = ''] = append(mint.header(), '"x":"|"').split('|')
    return joinBytes(new TextEncoder().encode(before), bytes, new TextEncoder().encode(after))
  }
  const headers: Record<string, string | Uint8Array> = {
    'header a list': '[]',
    'header a string': '"RS256"',
    'header null': 'null',
    'header cut short': genuine.slice(0, -1),
    'header with a comma at the end': genuine.replace('}', ',}'),
    'header with an object behind it': `${genuine}{}`,
    'header behind a byte order mark (RFC 8259, section 8.1)': `\ufeff${genuine}`,
    'header in UTF-16': utf16,
    'header with a byte that is not UTF-8': withBytes(0xff),
    'header with an overlong form (RFC 3629, section 3)': withBytes(0xc0, 0xae),
    'header with a surrogate in UTF-8 (RFC 3629, section 3)': withBytes(0xed, 0xa0, 0x80),
  }
  return rejectEach('malformed_token', 'RFC 7515, sections 3.1 and 4: a JSON object in UTF-8', headers, (rawHeader) =>
    mint.token({ rawHeader }),
  )
}

function names(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7515, section 4: of names that stand twice the last counts, as JSON.parse has it'
  const inherited = 'CVE-2022-46175 and its kin: a member of that name is not a prototype'
  const prototype = `"__proto__":${JSON.stringify(mint.header())}`
  const theirs = `"kid":"${attacker.kid}"`
  const signed = (rawHeader: string, key = issuer) => mint.token({ rawHeader, sign: rsaSigner(key) })
  return [
    reject('unsupported_algorithm', 'header of nothing but __proto__', inherited, signed(`{${prototype}}`)),
    reject('unknown_key', 'kid in __proto__', inherited, signed(prepend(prototype, mint.header({ kid: undefined })))),
    reject(
      'unknown_key',
      "kid twice, the attacker's the second time",
      reason,
      signed(append(mint.header(), theirs), attacker),
    ),
    reject(
      'invalid_signature',
      "kid twice, the attacker's the first time",
      reason,
      signed(prepend(theirs, mint.header()), attacker),
    ),
    reject(
      'not_a_webhook',
      'typ twice, at+jwt the second time',
      reason,
      signed(append(mint.header(), '"typ":"at+jwt"')),
    ),
  ]
}

function large(mint: Mint): CaseDraft[] {
  const room = 'RFC 8725, section 3.10: what is not yet authentic is not worth much room'
  const depth = 'CVE-2020-36518 and its kin: nesting that ends the stack of a parser'
  return [
    reject('payload_too_large', 'header of 1 MiB', room, mint.token({ header: { x: 'x'.repeat(2 ** 20) } })),
    reject('malformed_token', 'header of 8 KiB and a little', room, mint.token({ header: { x: 'x'.repeat(6_144) } })),
    ...[20_000, 5_000].map((brackets) =>
      reject(
        'malformed_token',
        `header of ${brackets} brackets`,
        depth,
        mint.token({ rawHeader: `{"x":${'['.repeat(brackets)}` }),
      ),
    ),
  ]
}
