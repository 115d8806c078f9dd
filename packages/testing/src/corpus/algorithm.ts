import * as base64url from 'jose/base64url'
import { accept, type CaseDraft, reject, rejectEach } from './case.js'
import { keySet, type Mint } from './mint.js'
import { bytesOf } from './rsa.js'
import { es256Signer, hmacSigner, publicJwk, rsaSigner } from './signers.js'
import { TEST_EC_KEY, TEST_KEYS } from './test-keys.js'

const { issuer, attacker } = TEST_KEYS
const CODE = 'unsupported_algorithm'

/** `alg`: exactly RS256. */
export function algorithm(mint: Mint): CaseDraft[] {
  return [...unsigned(mint), ...keyConfusion(mint), ...otherAlgorithms(mint), ...mistyped(mint), ...duplicated(mint)]
}

function unsigned(mint: Mint): CaseDraft[] {
  const none = 'RFC 8725, section 2.1; CVE-2015-9235: an unsecured token has no sender'
  const empty = async () => new Uint8Array()
  const noise = async () => new Uint8Array(256).fill(0xa5)
  const header = { alg: 'none' }
  return [
    reject('malformed_token', 'none, with an empty signature', none, mint.token({ header, sign: empty })),
    reject(
      'malformed_token',
      'none, with two parts only',
      none,
      mint.token({ header, sign: empty }).then((token) => token.slice(0, -1)),
    ),
    reject(
      'malformed_token',
      'RS256, with an empty signature',
      'CVE-2020-28042: what is empty must not compare as equal',
      mint.token({ sign: empty }),
    ),
    reject(CODE, 'none, over a genuine RS256 signature', none, mint.token({ header })),
    reject(
      CODE,
      'none, and no kid',
      'RFC 8725, section 3.1: the algorithm is checked before a key is looked up',
      mint.token({ header: { ...header, kid: undefined }, sign: noise }),
    ),
    ...['none', 'None', 'NONE', 'nOnE', 'none '].map((alg) =>
      reject(
        CODE,
        `alg "${alg}", over noise`,
        'RFC 8725, section 3.1: other spellings got past checks for one of them',
        mint.token({ header: { alg }, sign: noise }),
      ),
    ),
  ]
}

/** The public key is public: taken as an HMAC secret, it would let anyone sign. */
function keyConfusion(mint: Mint): CaseDraft[] {
  const reason = 'CVE-2015-9235, CVE-2016-10555; RFC 8725, section 2.1: the public key taken for an HMAC secret'
  const spki = spkiOf(issuer.p * issuer.q)
  const pem = pemOf('PUBLIC KEY', spki)
  const secrets: Record<string, string | Uint8Array> = {
    'HS256, keyed with the public key as PEM': pem,
    'HS256, keyed with the public key as PEM, without the last line end': pem.trimEnd(),
    'HS256, keyed with the public key as PKCS#1 PEM (CVE-2023-48223)': pemOf('RSA PUBLIC KEY', spki.subarray(24)),
    'HS256, keyed with the public key as DER': spki,
    'HS256, keyed with the public key as JWK': JSON.stringify(publicJwk(issuer)),
    'HS256, keyed with the modulus': bytesOf(issuer.p * issuer.q),
    'HS256, keyed with nothing': '',
    'HS256, keyed with the word secret': 'secret',
  }
  return [
    ...rejectEach(CODE, reason, secrets, (secret) =>
      mint.token({ header: { alg: 'HS256' }, sign: hmacSigner(secret) }),
    ),
    ...['384', '512'].map((bits) =>
      reject(
        CODE,
        `HS${bits}, keyed with the public key as PEM`,
        reason,
        mint.token({ header: { alg: `HS${bits}` }, sign: hmacSigner(pem, `SHA-${bits}`) }),
      ),
    ),
    reject(
      'invalid_signature',
      'RS256 announced, HS256 computed with the public key as PEM',
      'CVE-2016-10555: the algorithm is not guessed from the signature',
      mint.token({ sign: hmacSigner(pem) }),
    ),
  ]
}

/** The signature is valid if the key allows it, so that the algorithm is the only fault. */
function otherAlgorithms(mint: Mint): CaseDraft[] {
  const reason = 'RFC 8725, section 3.1: only the algorithm that is expected, whatever the token asks for'
  const psychic = 'CVE-2022-21449: r and s of zero verified under every key'
  const { kid, x, y } = TEST_EC_KEY
  const withEcKey = keySet(publicJwk(issuer), { kty: 'EC', crv: 'P-256', kid, x, y, use: 'sig', alg: 'ES256' })
  const zeros = (length: number) => async () => new Uint8Array(length)
  const good: Record<string, ReturnType<typeof rsaSigner>> = {
    RS384: rsaSigner(issuer, 'RSASSA-PKCS1-v1_5', 'SHA-384'),
    RS512: rsaSigner(issuer, 'RSASSA-PKCS1-v1_5', 'SHA-512'),
    PS256: rsaSigner(issuer, 'RSA-PSS', 'SHA-256'),
    PS384: rsaSigner(issuer, 'RSA-PSS', 'SHA-384'),
    PS512: rsaSigner(issuer, 'RSA-PSS', 'SHA-512'),
  }
  const es256 = { alg: 'ES256', kid }
  return [
    ...Object.entries(good).map(([alg, sign]) =>
      reject(CODE, `${alg}, well signed by the issuer's key`, reason, mint.token({ header: { alg }, sign })),
    ),
    reject(
      CODE,
      'ES256, well signed by a key of the set',
      reason,
      mint.token({ header: es256, sign: es256Signer }),
      withEcKey,
    ),
    reject(
      CODE,
      'ES256 of zeros, under a key of the set',
      psychic,
      mint.token({ header: es256, sign: zeros(64) }),
      withEcKey,
    ),
    ...Object.entries({ ES256K: 64, ES384: 96, ES512: 132 }).map(([alg, length]) =>
      reject(CODE, `${alg} of zeros`, psychic, mint.token({ header: { alg }, sign: zeros(length) })),
    ),
    ...['EdDSA', 'Ed25519', 'ML-DSA-65', 'RS1'].map((alg) =>
      reject(CODE, `${alg}, over an RS256 signature`, reason, mint.token({ header: { alg } })),
    ),
    ...['RSA-OAEP-256', 'dir', 'ECDH-ES'].map((alg) =>
      reject(
        CODE,
        `${alg}, which encrypts, over an RS256 signature`,
        'RFC 7516, section 9: an algorithm of JWE, not of JWS',
        mint.token({ header: { alg } }),
      ),
    ),
    reject(
      CODE,
      'PBES2-HS256+A128KW, of two thousand million rounds',
      'CVE-2023-51775: the token does not say how much work its refusal takes',
      mint.token({ header: { alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31 - 1, p2s: 'AAAA' } }),
    ),
  ]
}

function mistyped(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7515, sections 4.1.1 and 10.13: a required string, compared exactly'
  const values: unknown[] = [
    ...[undefined, null, ['RS256'], { RS256: true }, 256, ''],
    ...['rs256', 'RS256 ', 'RS256\u0000', 'RS256,none', 'ＲＳ２５６', 'R\u0405256', 'RSA', '__proto__', 'constructor'],
  ]
  return values.map((alg) =>
    reject(CODE, `alg ${alg === undefined ? 'absent' : JSON.stringify(alg)}`, reason, mint.token({ header: { alg } })),
  )
}

function duplicated(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7515, section 4: of names that stand twice the last counts, as JSON.parse has it'
  const twice = (first: string, second: string) => `{${first},${second},"kid":"${issuer.kid}","typ":"JWT"}`
  const [good, none] = ['"alg":"RS256"', '"alg":"none"']
  return [
    reject(CODE, 'alg twice, none the second time', reason, mint.token({ rawHeader: twice(good, none) })),
    reject(
      CODE,
      'alg twice, the second time in escapes',
      `${reason}; RFC 8259, section 8.3: names are compared unescaped`,
      mint.token({ rawHeader: twice(good, '"\\u0061\\u006cg":"HS256"') }),
    ),
    reject(
      'invalid_signature',
      'alg twice, none the first time, signed by the attacker',
      reason,
      mint.token({ rawHeader: twice(none, good), sign: rsaSigner(attacker) }),
    ),
    accept('alg twice, none the first time', reason, mint.token({ rawHeader: twice(none, good) })),
    accept(
      'ALG beside alg',
      'RFC 7515, section 4: names have case, and unknown members are ignored',
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
