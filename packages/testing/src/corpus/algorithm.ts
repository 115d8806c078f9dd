import { base64url } from 'jose'
import { accept, type CaseDraft, reject } from './case.js'
import { keySet, type Mint } from './mint.js'
import { bytesOf } from './rsa.js'
import { es256Signer, hmacSigner, publicJwk, rsaSigner } from './signers.js'
import { TEST_EC_KEY, TEST_KEYS } from './test-keys.js'

const VERIFY_ALG = 'RFC 8725, section 3.1: only the algorithm that is expected, whatever the token asks for'
const { issuer, attacker } = TEST_KEYS

/** `alg`: RS256 and nothing else, to the letter. */
export function algorithm(mint: Mint): CaseDraft[] {
  return [...unsigned(mint), ...keyConfusion(mint), ...otherAlgorithms(mint), ...mistyped(mint), ...duplicated(mint)]
}

function unsigned(mint: Mint): CaseDraft[] {
  const none = 'RFC 8725, section 2.1; CVE-2015-9235: an unsecured token is nobody’s'
  const empty = async () => new Uint8Array()
  const junk = async () => new Uint8Array(256).fill(0xa5)
  return [
    reject(
      'malformed_token',
      'none, with an empty signature',
      none,
      mint.token({ header: { alg: 'none' }, sign: empty }),
    ),
    reject(
      'malformed_token',
      'none, with two parts only',
      none,
      mint.token({ header: { alg: 'none' }, sign: empty }).then((token) => token.slice(0, -1)),
    ),
    reject(
      'malformed_token',
      'RS256 announced, signature left empty',
      'CVE-2020-28042: an empty signature must not compare as equal',
      mint.token({ sign: empty }),
    ),
    ...['none', 'None', 'NONE', 'nOnE', 'none ', '\u0000none'].map((alg) =>
      reject(
        'unsupported_algorithm',
        `${JSON.stringify(alg)}, with a signature of noise`,
        'RFC 8725, section 3.1: spellings of none got past comparisons with one spelling (CVE-2015-9235 and its kin)',
        mint.token({ header: { alg }, sign: junk }),
      ),
    ),
    reject(
      'unsupported_algorithm',
      'none over a genuine RS256 signature',
      none,
      mint.token({ header: { alg: 'none' } }),
    ),
    reject(
      'unsupported_algorithm',
      'none, and no kid either',
      'RFC 8725, section 3.1: the algorithm is judged before the key is looked for',
      mint.token({ header: { alg: 'none', kid: undefined }, sign: junk }),
    ),
  ]
}

/** Whoever knows the public key, and everybody does, could sign if it were taken for an HMAC secret. */
function keyConfusion(mint: Mint): CaseDraft[] {
  const reason = 'CVE-2015-9235, CVE-2016-10555; RFC 8725, section 2.1: the public key taken for an HMAC secret'
  const jwk = publicJwk(issuer)
  const spki = spkiOf(issuer.p * issuer.q)
  const pem = pemOf('PUBLIC KEY', spki)
  const secrets: [string, string | Uint8Array][] = [
    ['the public key as PEM', pem],
    ['the public key as PEM, without the last line end', pem.trimEnd()],
    ['the public key as PEM on one line', pem.replaceAll('\n', '')],
    ['the public key as PKCS#1 PEM (CVE-2023-48223)', pemOf('RSA PUBLIC KEY', spki.subarray(24))],
    ['the public key as DER', spki],
    ['the public key as JWK', JSON.stringify(jwk)],
    ['the whole key set', JSON.stringify(mint.jwks)],
    ['the modulus', bytesOf(issuer.p * issuer.q)],
    ['the modulus in base64url', jwk.n],
    ['the kid', jwk.kid],
    ['nothing', ''],
    ['the word secret', 'secret'],
  ]
  return [
    ...secrets.map(([what, secret]) =>
      reject(
        'unsupported_algorithm',
        `HS256, keyed with ${what}`,
        reason,
        mint.token({ header: { alg: 'HS256' }, sign: hmacSigner(secret) }),
      ),
    ),
    ...['384', '512'].map((bits) =>
      reject(
        'unsupported_algorithm',
        `HS${bits}, keyed with the public key as PEM`,
        reason,
        mint.token({ header: { alg: `HS${bits}` }, sign: hmacSigner(pem, `SHA-${bits}`) }),
      ),
    ),
    reject(
      'invalid_signature',
      'RS256 announced, HS256 computed with the public key as PEM',
      'CVE-2016-10555: the algorithm must not be guessed from the length of the signature',
      mint.token({ sign: hmacSigner(pem) }),
    ),
  ]
}

/** The key is the issuer's and the signature is good, so that nothing but the algorithm is to blame. */
function otherAlgorithms(mint: Mint): CaseDraft[] {
  const { kid, x, y } = TEST_EC_KEY
  const withEcKey = keySet(publicJwk(issuer), { kty: 'EC', crv: 'P-256', kid, x, y, use: 'sig', alg: 'ES256' })
  const zeros = (length: number) => async () => new Uint8Array(length)
  const psychic = 'CVE-2022-21449: r and s of zero verified under every key'
  return [
    ...['384', '512'].flatMap((bits) => [
      reject(
        'unsupported_algorithm',
        `RS${bits}, well signed by the issuer's key`,
        VERIFY_ALG,
        mint.token({ header: { alg: `RS${bits}` }, sign: rsaSigner(issuer, 'RSASSA-PKCS1-v1_5', `SHA-${bits}`) }),
      ),
    ]),
    ...['256', '384', '512'].map((bits) =>
      reject(
        'unsupported_algorithm',
        `PS${bits}, well signed by the issuer's key`,
        VERIFY_ALG,
        mint.token({ header: { alg: `PS${bits}` }, sign: rsaSigner(issuer, 'RSA-PSS', `SHA-${bits}`) }),
      ),
    ),
    reject(
      'unsupported_algorithm',
      'ES256, well signed by a key of the set',
      VERIFY_ALG,
      mint.token({ header: { alg: 'ES256', kid }, sign: es256Signer }),
      withEcKey,
    ),
    reject(
      'unsupported_algorithm',
      'ES256 of zeros, under a key of the set',
      psychic,
      mint.token({ header: { alg: 'ES256', kid }, sign: zeros(64) }),
      withEcKey,
    ),
    ...[
      ['ES256K', 64],
      ['ES384', 96],
      ['ES512', 132],
    ].map(([alg, length]) =>
      reject(
        'unsupported_algorithm',
        `${alg} of zeros`,
        psychic,
        mint.token({ header: { alg }, sign: zeros(Number(length)) }),
      ),
    ),
    ...['EdDSA', 'Ed25519', 'Ed448', 'ML-DSA-65', 'RS1', 'HS1'].map((alg) =>
      reject('unsupported_algorithm', `${alg}, over an RS256 signature`, VERIFY_ALG, mint.token({ header: { alg } })),
    ),
    ...['RSA1_5', 'RSA-OAEP-256', 'dir', 'A256KW', 'ECDH-ES'].map((alg) =>
      reject(
        'unsupported_algorithm',
        `${alg}, which encrypts, over an RS256 signature`,
        'CVE-2023-51774: what encrypts to the public key, anybody can make',
        mint.token({ header: { alg } }),
      ),
    ),
    reject(
      'unsupported_algorithm',
      'PBES2-HS256+A128KW, with two thousand million rounds',
      'CVE-2023-51775: the token must not say how much work its refusal takes',
      mint.token({ header: { alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31 - 1, p2s: 'AAAA' } }),
    ),
  ]
}

function mistyped(mint: Mint): CaseDraft[] {
  const exact = 'RFC 7515, section 4.1.1: a case-sensitive string, compared as section 10.13 says'
  const values: unknown[] = [
    ...[null, [], ['RS256'], { RS256: true }, 256, true, ''],
    ...['rs256', 'RS256 ', ' RS256', 'RS256\u0000', 'RS256,none', 'RS-256', 'ＲＳ２５６', 'R\u0405256'],
    ...['RSA', 'SHA256withRSA', 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'],
    ...['__proto__', 'constructor', 'toString'],
  ]
  return [
    reject(
      'unsupported_algorithm',
      'no alg',
      'RFC 7515, section 4.1.1: it must be there',
      mint.token({ header: { alg: undefined } }),
    ),
    ...values.map((alg) =>
      reject('unsupported_algorithm', `alg ${JSON.stringify(alg)}`, exact, mint.token({ header: { alg } })),
    ),
  ]
}

function duplicated(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7515, section 4: of names that stand twice the last counts, as JSON.parse has it'
  const twice = (first: string, second: string) => `{${first},${second},"kid":"${issuer.kid}","typ":"JWT"}`
  const good = '"alg":"RS256"'
  return [
    reject(
      'unsupported_algorithm',
      'alg twice, none the second time',
      reason,
      mint.token({ rawHeader: twice(good, '"alg":"none"') }),
    ),
    reject(
      'unsupported_algorithm',
      'alg twice, the second time in escapes',
      `${reason}; RFC 8259, section 8.3: names are compared unescaped`,
      mint.token({ rawHeader: twice(good, '"\\u0061\\u006cg":"HS256"') }),
    ),
    reject(
      'invalid_signature',
      'alg twice, none the first time, signed by the attacker',
      reason,
      mint.token({ rawHeader: twice('"alg":"none"', good), sign: rsaSigner(attacker) }),
    ),
    accept(
      'alg twice, none the first time, signed by the issuer',
      reason,
      mint.token({ rawHeader: twice('"alg":"none"', good) }),
    ),
    accept(
      'ALG beside alg',
      'RFC 7515, section 4: names are case-sensitive, and unknown members are ignored',
      mint.token({ header: { ALG: 'none' } }),
    ),
  ]
}

/** A SubjectPublicKeyInfo of a 2048-bit key whose exponent is 65537. */
function spkiOf(modulus: bigint): Uint8Array {
  const prefix = '30820122300d06092a864886f70d01010105000382010f003082010a0282010100'
  return bytesOf(BigInt(`0x${prefix}${modulus.toString(16)}0203010001`))
}

function pemOf(label: string, der: Uint8Array): string {
  const base64 = base64url.encode(der).replaceAll('-', '+').replaceAll('_', '/')
  const padded = base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')
  return `-----BEGIN ${label}-----\n${padded.replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`
}
