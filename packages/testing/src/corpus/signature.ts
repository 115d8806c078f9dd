import * as base64url from 'jose/base64url'
import { type CaseDraft, reject, rejectEach } from './case.js'
import { exponentOne, prefixForgery, suffixForgery, weakKeySet } from './forgeries.js'
import { append, type Mint } from './mint.js'
import { bigintOf, bytesOf, joinBytes, pkcs1Block, SHA256_DIGEST_INFO } from './rsa.js'
import { blockSigner, genuineBlock, rsaSigner } from './signers.js'
import { TEST_KEYS } from './test-keys.js'

const { issuer, attacker, exponent3 } = TEST_KEYS
const CODE = 'invalid_signature'

/** The third part is not the issuer's signature of the first two. */
export function signature(mint: Mint): CaseDraft[] {
  return [
    ...alteredBytes(mint),
    ...tampered(mint),
    ...otherTexts(mint),
    ...otherSchemes(mint),
    ...blocks(mint),
    ...smallExponents(mint),
  ]
}

const encodeJson = (part: object | string): string =>
  base64url.encode(typeof part === 'string' ? part : JSON.stringify(part))
const decodeText = (part: string): string => new TextDecoder().decode(base64url.decode(part))
const signatureOf = (token: string): string => token.slice(token.lastIndexOf('.') + 1)

function alteredBytes(mint: Mint): CaseDraft[] {
  const modulus = issuer.p * issuer.q
  const flip = (bytes: Uint8Array, index: number, bit: number) => bytes.with(index, (bytes[index] ?? 0) ^ bit)
  const changes: Record<string, (bytes: Uint8Array) => Uint8Array> = {
    'signature with its first bit flipped': (bytes) => flip(bytes, 0, 0x80),
    'signature with a bit in the middle flipped': (bytes) => flip(bytes, 128, 0x10),
    'signature with its last bit flipped': (bytes) => flip(bytes, 255, 0x01),
    'signature with its bytes in reverse': (bytes) => bytes.toReversed(),
    'signature without its last byte': (bytes) => bytes.subarray(0, -1),
    'signature without its first byte': (bytes) => bytes.subarray(1),
    'signature of its first byte (CVE-2020-28042)': (bytes) => bytes.subarray(0, 1),
    'signature with a zero byte before it': (bytes) => joinBytes([0], bytes),
    'signature with a zero byte behind it': (bytes) => joinBytes(bytes, [0]),
    'signature of 64 kB': (bytes) => joinBytes(bytes, new Uint8Array(65_536)),
    'signature of zeros': (bytes) => bytes.map(() => 0),
    'signature that is 1': () => bytesOf(1n, 256),
    'signature that is the modulus': () => bytesOf(modulus, 256),
    'signature plus the modulus': (bytes) => bytesOf(bigintOf(bytes) + modulus),
    'signature subtracted from the modulus': (bytes) => bytesOf(modulus - bigintOf(bytes), 256),
    'signature in base64url once more': (bytes) => new TextEncoder().encode(base64url.encode(bytes)),
  }
  const reason = 'RFC 8017, section 8.2.2: as long as the modulus, less than it, and right in every bit'
  return rejectEach(CODE, reason, changes, async (change) => {
    const token = await mint.token()
    const bytes = base64url.decode(signatureOf(token))
    return token.slice(0, token.lastIndexOf('.') + 1) + base64url.encode(change(bytes))
  })
}

/** A genuine token, whose signature stays as it was. */
function tampered(mint: Mint): CaseDraft[] {
  const { header, claims } = { header: mint.header(), claims: mint.claims() }
  const genuine = mint.token({ rawHeader: JSON.stringify(header), rawPayload: JSON.stringify(claims) })
  const other = mint.token()
  const parts: Record<string, [header: object, payload: object | string]> = {
    'type changed after signing': [header, { ...claims, type: 'customer.payment_succeeded' }],
    'event_id changed after signing': [header, { ...claims, event_id: 'event_ffffffffffffffffffffffffffffffff' }],
    'timestamp renewed after signing': [header, { ...claims, timestamp: new Date(mint.now).toISOString() }],
    'data changed after signing': [header, { ...claims, data: { plan_code: 'enterprise' } }],
    'claim added after signing': [header, append(claims, '"x":1')],
    'payload written with other white space after signing': [header, JSON.stringify(claims, null, 1)],
    'header member added after signing': [{ ...header, x: 1 }, claims],
    'header put in another order after signing': [{ typ: header['typ'], ...header }, claims],
  }
  const reason = 'RFC 7515, section 5.2: any change after signing shows, whether it changes the meaning or not'
  return [
    ...rejectEach(CODE, reason, parts, async ([first, second]) =>
      [encodeJson(first), encodeJson(second), signatureOf(await genuine)].join('.'),
    ),
    reject(
      CODE,
      "another token's signature",
      reason,
      Promise.all([genuine, other]).then(([token, donor]) => token.replace(signatureOf(token), signatureOf(donor))),
    ),
  ]
}

/** The issuer's signature, of another text than it should be. */
function otherTexts(mint: Mint): CaseDraft[] {
  const texts: Record<string, (header: string, payload: string) => string> = {
    'signature of the payload alone': (_, payload) => payload,
    'signature of the parts without the dot': (header, payload) => header + payload,
    'signature of the decoded parts': (header, payload) => `${decodeText(header)}.${decodeText(payload)}`,
  }
  const reason = 'RFC 7515, section 5.1: what is signed is the encoded header, a dot and the encoded payload'
  return rejectEach(CODE, reason, texts, async (text) => {
    const [header = '', payload = ''] = (await mint.token()).split('.')
    return `${header}.${payload}.${signatureOf(await mint.signText(text(header, payload)))}`
  })
}

function otherSchemes(mint: Mint): CaseDraft[] {
  const schemes = {
    'RS512 under RS256': rsaSigner(issuer, 'RSASSA-PKCS1-v1_5', 'SHA-512'),
    'SHA-1 under RS256': rsaSigner(issuer, 'RSASSA-PKCS1-v1_5', 'SHA-1'),
    'PS256 under RS256': rsaSigner(issuer, 'RSA-PSS'),
    "the attacker's signature under the issuer's kid": rsaSigner(attacker),
  }
  const reason = 'RFC 7518, section 3.3: RSASSA-PKCS1-v1_5 with SHA-256, by the key that is named'
  return rejectEach(CODE, reason, schemes, (sign) => mint.token({ sign }))
}

/** Made with the issuer's private key, but around a block that is not EMSA-PKCS1-v1_5 of the token. */
function blocks(mint: Mint): CaseDraft[] {
  const [sequence = 0, ...info] = SHA256_DIGEST_INFO
  const name = SHA256_DIGEST_INFO.slice(4, 15)
  const pad = (...digestInfo: number[]) => pkcs1Block(digestInfo, 256)
  const early = [0, 1, ...new Array<number>(8).fill(0xff), 0, ...SHA256_DIGEST_INFO]
  const variants: Record<string, (digest: Uint8Array) => Uint8Array> = {
    'block with the digest and no DigestInfo': (digest) => pad(...digest),
    'block without padding': (digest) => joinBytes(new Uint8Array(224), digest),
    'block with padding of type 2': (digest) => genuineBlock(digest).with(1, 2),
    'block with a hole in its padding': (digest) => genuineBlock(digest).with(100, 0xfe),
    'block whose padding ends early': (digest) => joinBytes(early, digest, new Uint8Array(194)),
    'block with a length in the long form': (digest) => pad(sequence, 0x81, ...info, ...digest),
    'block without the parameters NULL': (digest) => pad(0x30, 0x2f, 0x30, 0x0b, ...name, 0x04, 0x20, ...digest),
    'block with parameters that are not NULL': (digest) =>
      pad(0x30, 0x33, 0x30, 0x0f, ...name, 0x04, 0x02, 0x41, 0x41, 0x04, 0x20, ...digest),
    'block that names another hash': (digest) => pad(...SHA256_DIGEST_INFO.with(14, 0x04), ...digest),
  }
  const reason = 'RFC 8017, section 9.2; CVE-2006-4339, CVE-2014-1568: the whole block is compared, not parsed'
  return rejectEach(CODE, reason, variants, (block) => mint.token({ sign: blockSigner(issuer, block) }))
}

/** Keys that let anybody forge: real forgeries, which a verifier that used the key would accept or nearly so. */
function smallExponents(mint: Mint): CaseDraft[] {
  const jwks = weakKeySet(exponent3)
  return [
    reject(
      'unknown_key',
      'exponent 3, a cube root for a block that ends in noise',
      'CVE-2006-4339: a signature for verifiers that ignore what follows the digest',
      prefixForgery(mint),
      jwks,
    ),
    reject(
      'unknown_key',
      'exponent 3, a cube root for a block with noise as its padding',
      'CVE-2016-1494: a signature for verifiers that ignore the padding',
      suffixForgery(mint),
      jwks,
    ),
    reject(
      'unknown_key',
      'exponent 1, which needs no private key',
      'RFC 8017, section 3.1: with the exponent 1 the padded digest is its own signature',
      exponentOne(mint),
      weakKeySet({ ...exponent3, e: 1n }),
    ),
  ]
}
