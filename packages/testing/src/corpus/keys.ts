import * as base64url from 'jose/base64url'
import { accept, type CaseDraft, reject } from './case.js'
import { keySet, type Mint } from './mint.js'
import { bytesOf, joinBytes, pkcs1Block, SHA256_DIGEST_INFO } from './rsa.js'
import { blockSigner, hmacSigner, privateMembers, publicJwk, rsaSigner } from './signers.js'
import { type RsaPrimes, TEST_EC_KEY, TEST_KEYS } from './test-keys.js'

const { issuer, previous, attacker, otherTenant, bits1024, bits2047, bits4096, exponent3 } = TEST_KEYS

/** The issuer's good key, and one that is as good but for what a case changes. */
const [good, suspect] = [publicJwk(issuer), publicJwk(previous)]

/**
 * Members of the issuer's key set. The token is correctly signed by a member that must not be used, which stands beside a
 * good one; or by the good one, beside members that must not disturb.
 */
export function keys(mint: Mint): CaseDraft[] {
  return [
    ...otherPurposes(mint),
    ...weak(mint),
    ...malformed(mint),
    ...symmetric(mint),
    ...sameKid(mint),
    ...unusual(mint),
    ...disturbing(mint),
  ]
}

const without = (key: object, ...names: string[]): object =>
  Object.fromEntries(Object.entries(key).filter(([name]) => !names.includes(name)))

/** Members of the key set that sign well and must not be used. */
function unusable(
  mint: Mint,
  reason: string,
  members: Record<string, unknown>,
  key: RsaPrimes = previous,
): CaseDraft[] {
  return Object.entries(members).map(([name, member]) =>
    reject('unknown_key', name, reason, mint.token({ key }), keySet(good, member)),
  )
}

function otherPurposes(mint: Mint): CaseDraft[] {
  const { p, q, ...rest } = privateMembers(previous)
  const forOperations = (...key_ops: string[]) => ({ ...without(suspect, 'use'), key_ops })
  const pinned = ['RS512', 'PS256', 'RSA-OAEP-256', 'HS256', 'rs256'].map((alg) => [
    `key for ${alg}`,
    { ...suspect, alg },
  ])
  return [
    ...unusable(mint, 'RFC 7517, section 4.2: a key that is not for signatures', {
      'key for use enc': { ...suspect, use: 'enc' },
      'key for use SIG': { ...suspect, use: 'SIG' },
    }),
    ...unusable(mint, 'RFC 7517, section 4.3: a key that is not for verifying', {
      'key for the operation encrypt': forOperations('encrypt'),
      'key for the operation sign': forOperations('sign'),
      'key for no operation': forOperations(),
      'key for operations that are not a list': { ...without(suspect, 'use'), key_ops: 'verify' },
      'key for use sig and the operation encrypt': { ...suspect, key_ops: ['encrypt'] },
    }),
    ...unusable(mint, 'RFC 7517, section 4.4: a key that is for another algorithm', Object.fromEntries(pinned)),
    ...unusable(mint, 'RFC 7517, section 9.2; RFC 7518, section 6.3.2: every reader of the key set can sign', {
      'private key, published': { ...suspect, ...rest, p, q },
      'private key, published by its primes': { ...suspect, p, q },
    }),
  ]
}

function weak(mint: Mint): CaseDraft[] {
  const bits = 'RFC 7518, section 3.3: 2048 bits or more'
  const exponent = 'NIST SP 800-56B, section 6.2: an odd exponent of 65537 or more'
  const n1024 = base64url.encode(joinBytes(new Uint8Array(128), bytesOf(bits1024.p * bits1024.q)))
  const exponents = [1n, 17n, 65_535n, 65_536n].map((e) => [`key with exponent ${e}`, publicJwk({ ...exponent3, e })])
  return [
    ...unusable(mint, bits, { 'key of 1024 bits': publicJwk(bits1024) }, bits1024),
    ...unusable(mint, bits, { 'key of 2047 bits': publicJwk(bits2047) }, bits2047),
    ...unusable(mint, bits, { 'key of 1024 bits behind 1024 zeros': { ...publicJwk(bits1024), n: n1024 } }, bits1024),
    ...unusable(mint, 'CVE-2006-2940: a key must not cost a second a token', {
      'key of 16,392 bits': { ...suspect, n: base64url.encode(new Uint8Array(2049).fill(0xff)) },
    }),
    ...unusable(mint, exponent, { 'key with exponent 3': publicJwk(exponent3) }, exponent3),
    ...unusable(mint, exponent, Object.fromEntries(exponents), exponent3),
  ]
}

function malformed(mint: Mint): CaseDraft[] {
  const { kid, x, y } = TEST_EC_KEY
  return [
    ...unusable(mint, 'RFC 7517, section 5: a member that lacks what it needs is passed over', {
      'key without kty': without(suspect, 'kty'),
      'key without kid': without(suspect, 'kid'),
      'key without n': without(suspect, 'n'),
      'key without e': without(suspect, 'e'),
      'key with its members in __proto__': JSON.parse(`{"__proto__":${JSON.stringify(suspect)}}`),
      'key in a list of its own': [suspect],
      'key of type rsa, in small letters': { ...suspect, kty: 'rsa' },
      'key with its kid in upper case': { ...suspect, kid: suspect.kid.toUpperCase() },
    }),
    ...unusable(mint, 'RFC 7518, sections 2 and 6.3.1: n and e are Base64urlUInt', {
      'key with n in standard base64': { ...suspect, n: `+/${suspect.n.slice(2)}` },
      'key with e as a number': { ...suspect, e: 65_537 },
    }),
    reject(
      'unknown_key',
      'kid "1", in the set as a number',
      'RFC 7517, section 4.5: a kid is a string',
      mint.token({ header: { kid: '1' }, key: previous }),
      keySet(good, { ...suspect, kid: 1 }),
    ),
    reject(
      'unknown_key',
      'RS256 under the kid of an EC key',
      'RFC 7518, section 3.1: the key must fit the algorithm',
      mint.token({ header: { kid } }),
      keySet(good, { kty: 'EC', crv: 'P-256', kid, x, y }),
    ),
  ]
}

/** A secret in a public key set is known to everybody. */
function symmetric(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7518, section 6.4; CVE-2016-10555: a symmetric key in a public key set is not a secret'
  const secret = 'a secret of thirty-two characters'
  const oct = { kty: 'oct', k: base64url.encode(secret), kid: 'symmetric', alg: 'RS256' }
  const signed = (header: Record<string, unknown>) => mint.token({ header, sign: hmacSigner(secret) })
  return [
    reject(
      'unsupported_algorithm',
      'HS256 under a symmetric key',
      reason,
      signed({ alg: 'HS256', kid: oct.kid }),
      keySet(good, { ...oct, alg: 'HS256' }),
    ),
    reject('unknown_key', 'RS256 under a symmetric key', reason, signed({ kid: oct.kid }), keySet(good, oct)),
    reject(
      'invalid_signature',
      'RS256 under the kid of a symmetric key and an RSA key',
      reason,
      signed({}),
      keySet({ ...oct, kid: issuer.kid }, good),
    ),
  ]
}

function sameKid(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7517, section 4.5: a kid may stand twice; every usable key that has it is tried, up to four'
  const alias = (key: RsaPrimes) => ({ ...publicJwk(key), kid: issuer.kid })
  const others = [previous, attacker, otherTenant, bits4096].map(alias)
  const block = (digest: Uint8Array) => pkcs1Block([...SHA256_DIGEST_INFO, ...digest], 128)
  return [
    accept('kid of two keys, the first signed', reason, mint.token(), keySet(good, alias(previous))),
    accept('kid of two keys, the second signed', reason, mint.token(), keySet(alias(previous), good)),
    accept('kid of four keys, the last signed', reason, mint.token(), keySet(...others.slice(0, 3), good)),
    accept(
      'kid of weak keys and a good one, the good one signed',
      reason,
      mint.token(),
      keySet(...[bits1024, bits2047, exponent3].map(alias), good),
    ),
    reject(
      'invalid_signature',
      'kid of five keys, the last signed',
      `${reason}, since the set must not say what a token costs`,
      mint.token(),
      keySet(...others, good),
    ),
    reject(
      'invalid_signature',
      'kid of two keys, another signed',
      reason,
      mint.token({ sign: rsaSigner(attacker) }),
      keySet(alias(previous), good),
    ),
    reject(
      'invalid_signature',
      'kid of a weak key and a good one, the weak one signed',
      'RFC 7518, section 3.3: 2048 bits or more',
      mint.token({ sign: blockSigner(bits1024, block) }),
      keySet(alias(bits1024), good),
    ),
  ]
}

/** Keys that Kinde does not use today, and may tomorrow. */
function unusual(mint: Mint): CaseDraft[] {
  const names = {
    'kid __proto__': '__proto__',
    'kid of 256 characters': 'k'.repeat(256),
    'kid of other letters': 'clé/"№ 1"',
  }
  return [
    accept(
      'key of 4096 bits',
      'RFC 7518, section 3.3: 2048 bits or more',
      mint.token({ key: bits4096 }),
      keySet(publicJwk(bits4096)),
    ),
    ...Object.entries(names).map(([name, kid]) =>
      accept(
        `${name}, in the set`,
        'RFC 7517, section 4.5: any string',
        mint.token({ header: { kid } }),
        keySet({ ...good, kid }),
      ),
    ),
  ]
}

function disturbing(mint: Mint): CaseDraft[] {
  const optional = 'RFC 7517, section 4: use, key_ops and alg may be absent'
  const ignored = 'RFC 7517, sections 4 and 5: what is not understood is ignored'
  const sets: Record<string, [reason: string, ...members: unknown[]]> = {
    'key without use': [optional, without(good, 'use')],
    'key without alg': [optional, without(good, 'alg')],
    'key with kty, n, e and kid alone': [optional, without(good, 'alg', 'use')],
    'key for the operation verify': [optional, { ...good, key_ops: ['verify'] }],
    'key with unknown members and a certificate': [
      ignored,
      { ...good, x5c: ['AAAA'], x5t: 'AAAA', ext: false, later: {} },
    ],
    'members that are null, numbers, strings and lists': [ignored, null, 1, '', [], true, good],
    'members of other kinds': [
      ignored,
      { kty: 'OKP', crv: 'Ed25519', x: 'AAAA', kid: issuer.kid },
      { kty: 'later' },
      {},
      good,
    ],
    'the last of 301 members': [
      ignored,
      ...Array.from({ length: 300 }, (_, index) => ({ ...suspect, kid: `spare ${index}` })),
      good,
    ],
  }
  return Object.entries(sets).map(([name, [reason, ...members]]) =>
    accept(name, reason, mint.token(), keySet(...members)),
  )
}
