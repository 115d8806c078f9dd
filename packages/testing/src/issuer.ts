import { base64url, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { rs256, signCompact } from './compact.js'

/** What a {@link createTestIssuer} may be told. */
export interface TestIssuerOptions {
  /** The Kinde domain it stands for. Default `https://test.kinde.com`. */
  readonly issuer?: string | undefined
}

/** How one token is to be signed. */
export interface SignOptions {
  /**
   * Members to add to the header, or to replace in it; `undefined` takes one out. The signature is RS256 whatever
   * the header says.
   */
  readonly header?: { readonly [member: string]: unknown } | undefined
}

/** How keys are to be rotated. */
export interface RotateOptions {
  /** Whether the old keys stay in the key set, so that tokens they signed are still accepted. Default `false`. */
  readonly keepOld?: boolean | undefined
}

/** One public key, as Kinde's key set shows it. */
export interface TestKey {
  /** The kind of key. */
  readonly kty: 'RSA'
  /** The modulus, in base64url. */
  readonly n: string
  /** The exponent, in base64url. */
  readonly e: string
  /** What it signs with. */
  readonly alg: 'RS256'
  /** For signatures. */
  readonly use: 'sig'
  /** Its id, shaped like Kinde's. */
  readonly kid: string
}

/** A JSON Web Key Set. */
export interface TestKeySet {
  /** The key that signs now, and after it those that were kept. */
  readonly keys: TestKey[]
}

/** An issuer of webhooks with a key of its own: what Kinde is to an application, inside a test. */
export interface TestIssuer {
  /** The Kinde domain it stands for. */
  readonly issuer: string
  /** The key set as it is now: for the verifier's `jwks` option, or to be served. */
  readonly jwks: TestKeySet
  /** The id of the key that signs now, shaped like Kinde's. */
  readonly kid: string
  /**
   * Signs as Kinde does: a compact JWS with the header `alg`, `kid` and `typ`, and the claims exactly as given, with
   * none added. A string or bytes are signed as they are, for payloads that are no claim set.
   */
  sign(claims: object | string, options?: SignOptions): Promise<string>
  /** Makes a new key, which signs from now on. */
  rotate(options?: RotateOptions): Promise<void>
}

/**
 * Makes an issuer with a fresh RSA key of 2048 bits. It needs Web standards only, and no network.
 *
 * @example
 * ```ts
 * import { createBillingVerifier } from '@kinde-billing/core'
 * import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
 *
 * const { issuer, jwks, sign } = await createTestIssuer()
 * const verifier = createBillingVerifier({ issuer, jwks })
 * const event = await verifier.verifyAndParse(await sign(billingEventFixture('customer.plan_changed')))
 * ```
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  let current = await createSigningKey()
  let published = [current.publicKey]
  return {
    issuer: options.issuer ?? 'https://test.kinde.com',
    get jwks() {
      return { keys: [...published] }
    },
    get kid() {
      return current.publicKey.kid
    },
    sign(claims, { header } = {}) {
      const members = { alg: 'RS256', kid: current.publicKey.kid, typ: 'JWT', ...header }
      return signCompact(members, claims, rs256(current.privateKey))
    },
    async rotate({ keepOld = false } = {}) {
      current = await createSigningKey()
      published = keepOld ? [current.publicKey, ...published] : [current.publicKey]
    },
  }
}

async function createSigningKey(): Promise<{ privateKey: CryptoKey; publicKey: TestKey }> {
  const pair = await generateKeyPair('RS256', { modulusLength: 2048 })
  const { n = '', e = '' } = await exportJWK(pair.publicKey)
  const thumbprint = await calculateJwkThumbprint({ kty: 'RSA', n, e })
  return {
    privateKey: pair.privateKey,
    publicKey: { kty: 'RSA', n, e, alg: 'RS256', use: 'sig', kid: fingerprint(thumbprint) },
  }
}

/** Kinde's key ids are sixteen bytes in hexadecimal, with colons between them. */
function fingerprint(thumbprint: string): string {
  return Array.from(base64url.decode(thumbprint).subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join(
    ':',
  )
}
