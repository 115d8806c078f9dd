import { base64url } from 'jose'
import { type CaseDraft, reject } from './case.js'
import { exponentOne, prefixForgery, suffixForgery, weakKeySet } from './forgeries.js'
import { append, type Mint } from './mint.js'
import { bigintOf, bytesOf, joinBytes, pkcs1Block, SHA256_DIGEST_INFO } from './rsa.js'
import { blockSigner, genuineBlock, rsaSigner } from './signers.js'
import { TEST_KEYS } from './test-keys.js'

const { issuer, previous, attacker, exponent3 } = TEST_KEYS
const VERIFY = 'RFC 7515, section 5.2; RFC 8017, section 8.2.2'

/** The third part is not the issuer's signature of the first two. */
export function signature(mint: Mint): CaseDraft[] {
  return [...alteredBytes(mint), ...otherTexts(mint), ...otherSigners(mint), ...blocks(mint), ...smallExponents(mint)]
}

const decode = (part = ''): Uint8Array => base64url.decode(part)
const flipBit = (bytes: Uint8Array, index: number, bit = 0x01): Uint8Array =>
  bytes.map((byte, position) => (position === index ? byte ^ bit : byte))

function alteredBytes(mint: Mint): CaseDraft[] {
  const modulus = issuer.p * issuer.q
  const range = 'RFC 8017, section 5.2.2: a signature representative lies between 0 and n - 1'
  const length = 'RFC 8017, section 8.2.2: a signature is as long as the modulus'
  const changes: [string, string, (bytes: Uint8Array) => Uint8Array][] = [
    ['with its first bit flipped', VERIFY, (bytes) => flipBit(bytes, 0, 0x80)],
    ['with a bit in the middle flipped', VERIFY, (bytes) => flipBit(bytes, 128)],
    ['with its last bit flipped', VERIFY, (bytes) => flipBit(bytes, 255)],
    ['with its bytes in reverse', VERIFY, (bytes) => bytes.toReversed()],
    ['without its last byte', length, (bytes) => bytes.subarray(0, -1)],
    ['without its first byte', length, (bytes) => bytes.subarray(1)],
    ['cut to its half', 'CVE-2020-28042: no part of a signature is a signature', (bytes) => bytes.subarray(0, 128)],
    ['cut to one byte', 'CVE-2020-28042: no part of a signature is a signature', (bytes) => bytes.subarray(0, 1)],
    ['with a zero byte before it', length, (bytes) => joinBytes([0], bytes)],
    ['with a zero byte behind it', length, (bytes) => joinBytes(bytes, [0])],
    ['twice', length, (bytes) => joinBytes(bytes, bytes)],
    ['of 64 kB', length, (bytes) => joinBytes(bytes, new Uint8Array(65_536))],
    ['of zeros', 'CVE-2022-21449 and its kin: zero is no signature', (bytes) => bytes.map(() => 0)],
    ['of ones', VERIFY, (bytes) => bytes.map(() => 0xff)],
    ['that is 1', 'RFC 8017, section 5.2.2: 1 to any power is 1', () => bytesOf(1n, 256)],
    ['that is the modulus', range, () => bytesOf(modulus, 256)],
    ['that is the modulus less 1', VERIFY, () => bytesOf(modulus - 1n, 256)],
    ['plus the modulus', range, (bytes) => bytesOf(bigintOf(bytes) + modulus)],
    ['subtracted from the modulus', VERIFY, (bytes) => bytesOf(modulus - bigintOf(bytes), 256)],
    ['in hexadecimal', VERIFY, (bytes) => new TextEncoder().encode(bigintOf(bytes).toString(16))],
    ['in base64url once more', VERIFY, (bytes) => new TextEncoder().encode(base64url.encode(bytes))],
  ]
  return changes.map(([what, reason, change]) =>
    reject(
      'invalid_signature',
      `signature ${what}`,
      reason,
      mint.token().then((token) => {
        const [header, payload, encoded] = token.split('.')
        return `${header}.${payload}.${base64url.encode(change(decode(encoded)))}`
      }),
    ),
  )
}

/** A genuine signature, over something else. */
function otherTexts(mint: Mint): CaseDraft[] {
  const input = 'RFC 7515, section 5.1: the signature is of the encoded header, a dot and the encoded payload'
  const { header, claims } = { header: mint.header(), claims: mint.claims() }
  const genuine = mint.token({ rawHeader: JSON.stringify(header), rawPayload: JSON.stringify(claims) })
  const other = mint.token()
  const recombine = async (rawHeader: object, rawPayload: object | string) =>
    [rawHeader, rawPayload]
      .map((part) => base64url.encode(typeof part === 'string' ? part : JSON.stringify(part)))
      .concat((await genuine).split('.')[2] ?? '')
      .join('.')
  const over = (text: (header: string, payload: string) => string) =>
    genuine.then(async (token) => {
      const [first = '', second = ''] = token.split('.')
      const signed = await mint.signText(text(first, second))
      return `${first}.${second}.${signed.slice(signed.lastIndexOf('.') + 1)}`
    })
  const text = (part: string) => new TextDecoder().decode(decode(part))
  const changed = 'RFC 7515, section 5.2: any change after signing shows'
  const tampered: [string, object | string][] = [
    ['type', { ...claims, type: 'customer.payment_succeeded' }],
    ['event_id', { ...claims, event_id: 'event_ffffffffffffffffffffffffffffffff' }],
    ['timestamp, as a replay needs it', { ...claims, timestamp: new Date(mint.now).toISOString() }],
    ['data', { ...claims, data: { customer_id: 'customer_1', plan_code: 'enterprise' } }],
    ['white space', JSON.stringify(claims, null, 1)],
    ['an unknown claim', append(claims, '"x":1')],
  ]
  return [
    reject(
      'invalid_signature',
      "another token's signature",
      changed,
      Promise.all([genuine, other]).then(
        ([token, donor]) => token.slice(0, token.lastIndexOf('.')) + donor.slice(donor.lastIndexOf('.')),
      ),
    ),
    ...tampered.map(([what, rawPayload]) =>
      reject('invalid_signature', `payload changed after signing: ${what}`, changed, recombine(header, rawPayload)),
    ),
    reject(
      'invalid_signature',
      'header changed after signing: a member added',
      changed,
      recombine({ ...header, x: 1 }, claims),
    ),
    reject(
      'invalid_signature',
      'header changed after signing: another order',
      changed,
      recombine({ typ: header['typ'], ...header }, claims),
    ),
    reject(
      'invalid_signature',
      'signature of the payload alone',
      input,
      over((_, payload) => payload),
    ),
    reject(
      'invalid_signature',
      'signature of the decoded parts',
      input,
      over((first, payload) => `${text(first)}.${text(payload)}`),
    ),
    reject(
      'invalid_signature',
      'signature of the parts without the dot',
      input,
      over((first, payload) => first + payload),
    ),
  ]
}

function otherSigners(mint: Mint): CaseDraft[] {
  const algorithm = 'RFC 7518, section 3.3: RS256 is RSASSA-PKCS1-v1_5 with SHA-256'
  return [
    reject(
      'invalid_signature',
      "the attacker's signature under the issuer's kid",
      VERIFY,
      mint.token({ sign: rsaSigner(attacker) }),
    ),
    reject('unknown_key', "the attacker's signature under the attacker's kid", VERIFY, mint.token({ key: attacker })),
    reject(
      'invalid_signature',
      "the issuer's signature under the kid of its previous key",
      VERIFY,
      mint.token({ header: { kid: previous.kid } }),
    ),
    reject(
      'invalid_signature',
      'RS512 under RS256',
      algorithm,
      mint.token({ sign: rsaSigner(issuer, 'RSASSA-PKCS1-v1_5', 'SHA-512') }),
    ),
    reject(
      'invalid_signature',
      'SHA-1 under RS256',
      algorithm,
      mint.token({ sign: rsaSigner(issuer, 'RSASSA-PKCS1-v1_5', 'SHA-1') }),
    ),
    reject('invalid_signature', 'PS256 under RS256', algorithm, mint.token({ sign: rsaSigner(issuer, 'RSA-PSS') })),
  ]
}

/** Signed with the issuer's own private key, but around a block that is not EMSA-PKCS1-v1_5 of the token. */
function blocks(mint: Mint): CaseDraft[] {
  const encoding = 'RFC 8017, section 9.2: the whole block is compared, not parsed'
  const lax = 'CVE-2006-4339, CVE-2014-1568: parsers of the block passed over what they did not expect'
  const set = (block: Uint8Array, index: number, byte: number) =>
    block.map((old, position) => (position === index ? byte : old))
  const [sequence, ...rest] = SHA256_DIGEST_INFO
  const withoutNull = [0x30, 0x2f, 0x30, 0x0b, ...SHA256_DIGEST_INFO.slice(4, 15), 0x04, 0x20]
  const variants: [string, string, (digest: Uint8Array) => Uint8Array][] = [
    ['the digest without a DigestInfo', encoding, (digest) => pkcs1Block(digest, 256)],
    ['the digest and no padding', encoding, (digest) => joinBytes(new Uint8Array(224), digest)],
    ['padding of type 2', encoding, (digest) => set(genuineBlock(digest), 1, 2)],
    ['padding with a hole', encoding, (digest) => set(genuineBlock(digest), 100, 0xfe)],
    [
      'padding that ends early',
      lax,
      (digest) => joinBytes([0, 1], new Uint8Array(8).fill(0xff), [0], SHA256_DIGEST_INFO, digest, new Uint8Array(194)),
    ],
    ['a length in the long form', lax, (digest) => pkcs1Block([sequence ?? 0, 0x81, ...rest, ...digest], 256)],
    ['parameters that are left out', encoding, (digest) => pkcs1Block([...withoutNull, ...digest], 256)],
    [
      'parameters that are not NULL',
      lax,
      (digest) =>
        pkcs1Block(
          [0x30, 0x33, 0x30, 0x0f, ...SHA256_DIGEST_INFO.slice(4, 15), 0x04, 0x02, 0x41, 0x41, 0x04, 0x20, ...digest],
          256,
        ),
    ],
    [
      'the name of another hash',
      encoding,
      (digest) => pkcs1Block([...SHA256_DIGEST_INFO.with(14, 0x04), ...digest], 256),
    ],
    ['the digest of another text', encoding, (digest) => genuineBlock(digest.map((byte) => byte ^ 1))],
  ]
  return variants.map(([what, reason, block]) =>
    reject('invalid_signature', `block with ${what}`, reason, mint.token({ sign: blockSigner(issuer, block) })),
  )
}

/** Keys that let anybody forge: real forgeries, which a verifier that used the key would accept or nearly so. */
function smallExponents(mint: Mint): CaseDraft[] {
  const bleichenbacher =
    'CVE-2006-4339: with the exponent 3 a cube root is a signature for whoever passes over what follows the digest'
  const suffix = 'CVE-2016-1494: with the exponent 3 a cube root is a signature for whoever passes over the padding'
  const one = 'RFC 8017, section 3.1: with the exponent 1 the padded digest is its own signature'
  const jwks = weakKeySet(exponent3)
  return [
    reject('unknown_key', 'exponent 3, a cube root whose end is noise', bleichenbacher, prefixForgery(mint), jwks),
    reject('unknown_key', 'exponent 3, a cube root whose padding is noise', suffix, suffixForgery(mint), jwks),
    reject('unknown_key', 'exponent 1, signed by nobody', one, exponentOne(mint), weakKeySet({ ...exponent3, e: 1n })),
  ]
}
