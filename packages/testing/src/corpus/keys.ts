import { base64url } from 'jose'
import { accept, type CaseDraft, reject } from './case.js'
import { keySet, type Mint } from './mint.js'
import { bytesOf, joinBytes, pkcs1Block, SHA256_DIGEST_INFO } from './rsa.js'
import { blockSigner, hmacSigner, type PublicJwk, privateMembers, publicJwk, rsaSigner } from './signers.js'
import { type RsaPrimes, TEST_EC_KEY, TEST_KEYS } from './test-keys.js'

const { issuer, previous, attacker, otherTenant, bits1024, bits2047, bits4096, exponent3, exponent65539 } = TEST_KEYS
const good = publicJwk(issuer)

/**
 * What the issuer's key set holds. The token is well signed by a member that must not be used, which stands beside a
 * good one; or by the good one, beside members that must not disturb.
 */
export function keys(mint: Mint): CaseDraft[] {
  return [...otherPurposes(mint), ...weak(mint), ...malformed(mint), ...sameKid(mint), ...disturbing(mint)]
}

/** The key of a member that is to be refused: genuine but for the members that a case changes. */
const suspect = publicJwk(previous)
const without = (key: object, ...names: string[]): object =>
  Object.fromEntries(Object.entries(key).filter(([name]) => !names.includes(name)))

function unusable(mint: Mint, name: string, reason: string, member: unknown, key: RsaPrimes = previous): CaseDraft {
  return reject('unknown_key', name, reason, mint.token({ key }), keySet(good, member))
}

function otherPurposes(mint: Mint): CaseDraft[] {
  const use = 'RFC 7517, section 4.2: a key that is not for signatures'
  const operations = 'RFC 7517, section 4.3: a key that is not for verifying'
  const pinned = 'RFC 7517, section 4.4: a key that is for another algorithm'
  return [
    unusable(mint, 'key for use enc', use, { ...suspect, use: 'enc' }),
    unusable(mint, 'key for use SIG', `${use}: values have case`, { ...suspect, use: 'SIG' }),
    unusable(mint, 'key for use [sig]', `${use}: a string`, { ...suspect, use: ['sig'] }),
    ...[['encrypt'], ['sign'], ['wrapKey', 'unwrapKey'], []].map((key_ops) =>
      unusable(mint, `key for operations ${JSON.stringify(key_ops)}`, operations, {
        ...without(suspect, 'use'),
        key_ops,
      }),
    ),
    unusable(mint, 'key for operations that are a string', `${operations}: a list`, {
      ...without(suspect, 'use'),
      key_ops: 'verify',
    }),
    unusable(mint, 'key for use sig and operations [encrypt]', operations, { ...suspect, key_ops: ['encrypt'] }),
    ...['RS384', 'RS512', 'PS256', 'RSA-OAEP-256', 'HS256', 'none', 'rs256'].map((alg) =>
      unusable(mint, `key pinned to ${alg}`, pinned, { ...suspect, alg }),
    ),
    unusable(mint, 'private key published', 'RFC 7517, section 9.2: whoever reads the key set can sign', {
      ...suspect,
      ...privateMembers(previous),
    }),
    unusable(
      mint,
      'primes of the key published',
      'RFC 7518, section 6.3.2: a prime is as private as the exponent, which follows from it',
      { ...suspect, p: privateMembers(previous).p, q: privateMembers(previous).q },
    ),
  ]
}

function weak(mint: Mint): CaseDraft[] {
  const short = 'RFC 7518, section 3.3: 2048 bits or more'
  const exponent = 'RFC 8017, section 3.1; NIST SP 800-56B, section 6.2: an odd exponent of 65537 or more'
  const withExponent = (e: bigint): PublicJwk => publicJwk({ ...exponent3, e })
  const huge = { ...suspect, n: base64url.encode(new Uint8Array(2049).fill(0xff)) }
  const padded = {
    ...publicJwk(bits1024),
    n: base64url.encode(joinBytes(new Uint8Array(128), bytesOf(bits1024.p * bits1024.q))),
  }
  return [
    unusable(mint, 'key of 1024 bits', short, publicJwk(bits1024), bits1024),
    unusable(mint, 'key of 2047 bits', short, publicJwk(bits2047), bits2047),
    unusable(mint, 'key of 1024 bits behind 1024 zeros', `${short}; leading zeros are not counted`, padded, bits1024),
    unusable(mint, 'key of 16,392 bits', 'RFC 8725, section 3.10: a key must not cost a second a token', huge),
    unusable(mint, 'key with exponent 3, well signed', exponent, publicJwk(exponent3), exponent3),
    ...[0n, 1n, 2n, 17n, 257n, 65_535n, 65_536n].map((e) =>
      unusable(mint, `key with exponent ${e}`, exponent, withExponent(e), exponent3),
    ),
  ]
}

function malformed(mint: Mint): CaseDraft[] {
  const required = 'RFC 7517, section 5: members that are not understood, or lack what they need, are passed over'
  const { kid, x, y } = TEST_EC_KEY
  const secret = 'a secret of thirty-two characters'
  const oct = { kty: 'oct', k: base64url.encode(secret), kid: 'symmetric' }
  const symmetric = 'RFC 7518, section 6.4: a symmetric key in a public key set is no secret'
  const asSymmetric = (alg: string) => mint.token({ header: { alg, kid: 'symmetric' }, sign: hmacSigner(secret) })
  return [
    ...['kty', 'n', 'e', 'kid'].map((name) => unusable(mint, `key without ${name}`, required, without(suspect, name))),
    unusable(mint, 'key of type rsa', 'RFC 7517, section 4.1: values have case', { ...suspect, kty: 'rsa' }),
    unusable(mint, 'key with n in standard base64', 'RFC 7518, section 2: Base64urlUInt', {
      ...suspect,
      n: `+/${suspect.n.slice(2)}`,
    }),
    unusable(mint, 'key with n as a number', 'RFC 7518, section 6.3.1.1: a string', { ...suspect, n: 65_537 }),
    unusable(mint, 'key with e as a number', 'RFC 7518, section 6.3.1.2: a string', { ...suspect, e: 65_537 }),
    unusable(mint, 'key with an empty n', required, { ...suspect, n: '' }),
    unusable(mint, 'key with its kid in another case', 'RFC 7517, section 4.5: a case-sensitive string', {
      ...suspect,
      kid: suspect.kid.toUpperCase(),
    }),
    unusable(
      mint,
      'key with its members in __proto__',
      required,
      JSON.parse(`{"__proto__":${JSON.stringify(suspect)},"kid":"${suspect.kid}"}`),
    ),
    unusable(mint, 'key in a list of its own', required, [suspect]),
    reject(
      'unknown_key',
      'kid 1 in the set as a number',
      'RFC 7517, section 4.5: a string',
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
    reject(
      'unsupported_algorithm',
      'HS256 under a symmetric key of the set',
      symmetric,
      asSymmetric('HS256'),
      keySet(good, oct),
    ),
    reject(
      'unknown_key',
      'RS256 under a symmetric key of the set',
      symmetric,
      asSymmetric('RS256'),
      keySet(good, { ...oct, alg: 'RS256' }),
    ),
  ]
}

function sameKid(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7517, section 4.5: a kid may stand twice; every usable key that has it is tried, up to four'
  const alias = (key: RsaPrimes) => ({ ...publicJwk(key), kid: issuer.kid })
  const others = [previous, attacker, otherTenant, bits4096].map(alias)
  return [
    accept('kid of two keys, the first signed', reason, mint.token(), keySet(good, alias(previous))),
    accept('kid of two keys, the second signed', reason, mint.token(), keySet(alias(previous), good)),
    accept('kid of four keys, the last signed', reason, mint.token(), keySet(...others.slice(0, 3), good)),
    accept(
      'kid of a weak key and a good one, the good one signed',
      reason,
      mint.token(),
      keySet(alias(bits1024), alias(exponent3), good),
    ),
    reject(
      'invalid_signature',
      'kid of five keys, the last signed',
      `${reason}: a key set must not make a token cost what it likes`,
      mint.token(),
      keySet(...others, good),
    ),
    reject(
      'invalid_signature',
      'kid of two keys, signed by neither',
      reason,
      mint.token({ sign: rsaSigner(otherTenant) }),
      keySet(alias(previous), good),
    ),
    reject(
      'invalid_signature',
      'kid of a weak key and a good one, the weak one signed',
      'RFC 7518, section 3.3: 2048 bits or more',
      mint.token({ sign: blockSigner(bits1024, (digest) => pkcs1Block([...SHA256_DIGEST_INFO, ...digest], 128)) }),
      keySet(alias(bits1024), good),
    ),
    reject(
      'invalid_signature',
      'kid of an RSA key that is also that of a symmetric one',
      'CVE-2016-10555: a secret in the set signs nothing',
      mint.token({ sign: hmacSigner('secret') }),
      keySet({ kty: 'oct', k: base64url.encode('secret'), kid: issuer.kid, alg: 'RS256' }, good),
    ),
  ]
}

function disturbing(mint: Mint): CaseDraft[] {
  const passedOver = 'RFC 7517, section 5: members that are not understood are passed over'
  const optional = 'RFC 7517, section 4: use, key_ops and alg may be absent'
  const kid = (name: string) => ({ ...good, kid: name })
  const named = (name: string) => mint.token({ header: { kid: name } })
  const many = Array.from({ length: 300 }, (_, index) => ({ ...suspect, kid: `spare ${index}` }))
  return [
    accept(
      'members that are null, numbers, strings and lists',
      passedOver,
      mint.token(),
      keySet(null, 1, '', [], true, good),
    ),
    accept(
      'members of other kinds',
      passedOver,
      mint.token(),
      keySet({ kty: 'OKP', crv: 'Ed25519', x: 'AAAA', kid: issuer.kid }, { kty: 'future' }, {}, good),
    ),
    accept(
      'the last of 301 members',
      'RFC 7517, section 5: the order means nothing',
      mint.token(),
      keySet(...many, good),
    ),
    accept('a key without use', optional, mint.token(), keySet(without(good, 'use'))),
    accept('a key without alg', optional, mint.token(), keySet(without(good, 'alg'))),
    accept('a key with what it needs and no more', optional, mint.token(), keySet(without(good, 'alg', 'use'))),
    accept('a key for operations [verify]', optional, mint.token(), keySet({ ...good, key_ops: ['verify'] })),
    accept(
      'a key with unknown members and a certificate',
      'RFC 7517, section 4: what is not understood is ignored',
      mint.token(),
      keySet({ ...good, x5c: ['AAAA'], x5t: 'AAAA', x5u: 'https://attacker.example', ext: false, later: {} }),
    ),
    accept(
      'a key of 4096 bits',
      'RFC 7518, section 3.3: 2048 bits or more',
      mint.token({ key: bits4096 }),
      keySet(publicJwk(bits4096)),
    ),
    accept(
      'a key with exponent 65539',
      'RFC 8017, section 3.1: any odd exponent',
      mint.token({ key: exponent65539 }),
      keySet(publicJwk(exponent65539)),
    ),
    accept('a kid named __proto__', 'RFC 7517, section 4.5: any string', named('__proto__'), keySet(kid('__proto__'))),
    accept(
      'a kid of 256 characters',
      'RFC 7517, section 4.5: any string',
      named('k'.repeat(256)),
      keySet(kid('k'.repeat(256))),
    ),
    accept(
      'a kid with slashes, quotes and other letters',
      'RFC 7517, section 4.5: any string',
      named('clé/"№ 1"'),
      keySet(kid('clé/"№ 1"')),
    ),
  ]
}
