import * as base64url from 'jose/base64url'
import type { Signer } from '../compact.js'
import { bigintOf, bytesOf, joinBytes, modInverse, pkcs1Block, privateOperation, SHA256_DIGEST_INFO } from './rsa.js'
import { type RsaPrimes, TEST_EC_KEY } from './test-keys.js'

/** A public key as the issuer's key set shows it. */
export interface PublicJwk {
  readonly kty: 'RSA'
  readonly n: string
  readonly e: string
  readonly kid: string
  readonly alg: 'RS256'
  readonly use: 'sig'
}

const encode = (value: bigint): string => base64url.encode(bytesOf(value))

export function publicJwk({ kid, e, p, q }: RsaPrimes): PublicJwk {
  return { kty: 'RSA', n: encode(p * q), e: encode(e), kid, alg: 'RS256', use: 'sig' }
}

/** The private members of a key (RFC 7518, section 6.3.2). */
export function privateMembers({ e, p, q }: RsaPrimes): Record<'d' | 'p' | 'q' | 'dp' | 'dq' | 'qi', string> {
  const d = modInverse(e, (p - 1n) * (q - 1n))
  return {
    d: encode(d),
    p: encode(p),
    q: encode(q),
    dp: encode(d % (p - 1n)),
    dq: encode(d % (q - 1n)),
    qi: encode(modInverse(q, p)),
  }
}

/** Signs with WebCrypto. RSA-PSS goes without salt, so that it is deterministic. */
export function rsaSigner(
  key: RsaPrimes,
  name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' = 'RSASSA-PKCS1-v1_5',
  hash = 'SHA-256',
): Signer {
  const { kty, n, e } = publicJwk(key)
  const jwk = { kty, n, e, ...privateMembers(key) }
  let imported: Promise<CryptoKey> | undefined
  return async (input) => {
    imported ??= crypto.subtle.importKey('jwk', jwk, { name, hash }, false, ['sign'])
    return new Uint8Array(await crypto.subtle.sign({ name, saltLength: 0 }, await imported, input))
  }
}

/** HMAC keyed with any bytes. WebCrypto refuses an empty key; one zero byte is the same key (RFC 2104, section 2). */
export function hmacSigner(secret: string | Uint8Array, hash = 'SHA-256'): Signer {
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : new Uint8Array(secret)
  const raw = bytes.length > 0 ? bytes : new Uint8Array(1)
  return async (input) => {
    const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash }, false, ['sign'])
    return new Uint8Array(await crypto.subtle.sign('HMAC', key, input))
  }
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** ECDSA on P-256 with a nonce that is always the same, for which only a test may have a use. */
export const es256Signer: Signer = async (input) => {
  const { d, nonce, r } = TEST_EC_KEY
  const s = (modInverse(nonce, P256_ORDER) * (bigintOf(await sha256(input)) + r * d)) % P256_ORDER
  return joinBytes(bytesOf(r, 32), bytesOf(s, 32))
}

/** Raw RSA over a block that is made from the digest, in the place of EMSA-PKCS1-v1_5. */
export function blockSigner(key: RsaPrimes, block: (digest: Uint8Array) => Uint8Array): Signer {
  return async (input) => privateOperation(key, block(await sha256(input)))
}

/** The block that a genuine RS256 signature is made of. */
export function genuineBlock(digest: Uint8Array): Uint8Array {
  return pkcs1Block([...SHA256_DIGEST_INFO, ...digest], 256)
}

export async function sha256(input: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', input))
}
