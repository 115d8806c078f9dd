import { assertKnownOptions, assertType } from '@kinde-billing/core/internal'
import { decode as decodeBase64url } from 'jose/base64url'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { exportJWK } from 'jose/key/export'
import { generateKeyPair } from 'jose/key/generate/keypair'
import { rs256, signCompact } from './compact.js'

/** Options of `createTestIssuer`. */
export interface TestIssuerOptions {
  /** Kinde domain. Default: `https://test.kinde.com`. */
  readonly issuer?: string | undefined
}

/** Options of `sign`. */
export interface SignOptions {
  /**
   * Header members to add or replace; `undefined` removes one. The signature is always RS256, even if `alg` is another.
   */
  readonly header?: { readonly [member: string]: unknown } | undefined
}

/** Options of `rotate`. */
export interface RotateOptions {
  /** True to keep the old keys in the key set, so that their tokens stay valid. Default: `false`. */
  readonly keepOld?: boolean | undefined
}

/** One public key, as Kinde's key set shows it. */
export interface TestKey {
  /** Key type. */
  readonly kty: 'RSA'
  /** Modulus in base64url. */
  readonly n: string
  /** Exponent in base64url. */
  readonly e: string
  /** Algorithm. */
  readonly alg: 'RS256'
  /** Use: signatures. */
  readonly use: 'sig'
  /** Key id, in the format of Kinde's. */
  readonly kid: string
}

/** A JSON Web Key Set. */
export interface TestKeySet {
  /** The signing key, followed by the old keys that are kept. */
  readonly keys: TestKey[]
}

/** Stands for Kinde in a test: an issuer with its own signing key. */
export interface TestIssuer {
  /** Kinde domain. */
  readonly issuer: string
  /** Current key set: pass it to the verifier's `jwks` option. */
  readonly jwks: TestKeySet
  /** Id of the signing key. */
  readonly kid: string
  /**
   * Signs as Kinde does: a compact JWS with `alg`, `kid` and `typ` in its header. Adds no claim. A string or bytes are
   * signed unchanged, for payloads that are not a claim set.
   */
  sign(claims: object | string, options?: SignOptions): Promise<string>
  /** Replaces the signing key with a new one. */
  rotate(options?: RotateOptions): Promise<void>
}

/**
 * Creates an issuer with a new RSA key of 2048 bits. Needs no network, and runs wherever Web Crypto does.
 *
 * @param options Kinde domain.
 * @returns An issuer. `sign` may be taken out of the object.
 * @throws {KindeWebhookError} `invalid_configuration`: an option that is unknown or wrong.
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
  assertKnownOptions('createTestIssuer', options, ['issuer'])
  assertType('issuer', options.issuer, 'string')
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
    async sign(claims, signOptions = {}) {
      assertKnownOptions('sign', signOptions, ['header'])
      const { header } = signOptions
      const members = { alg: 'RS256', kid: current.publicKey.kid, typ: 'JWT', ...header }
      return signCompact(members, claims, rs256(current.privateKey))
    },
    async rotate(rotateOptions = {}) {
      assertKnownOptions('rotate', rotateOptions, ['keepOld'])
      assertType('keepOld', rotateOptions.keepOld, 'boolean')
      current = await createSigningKey()
      published = rotateOptions.keepOld === true ? [current.publicKey, ...published] : [current.publicKey]
    },
  }
}

async function createSigningKey(): Promise<{ privateKey: CryptoKey; publicKey: TestKey }> {
  const pair = await generateKeyPair('RS256', { modulusLength: 2048 })
  const { n = '', e = '' } = await exportJWK(pair.publicKey)
  const thumbprint = await calculateJwkThumbprint({ kty: 'RSA', n, e })
  return {
    privateKey: pair.privateKey,
    publicKey: { kty: 'RSA', n, e, alg: 'RS256', use: 'sig', kid: formatKeyId(thumbprint) },
  }
}

/** Formats a key id as Kinde does: sixteen bytes in hexadecimal, separated by colons. */
function formatKeyId(thumbprint: string): string {
  const bytes = decodeBase64url(thumbprint).subarray(0, 16)
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}
