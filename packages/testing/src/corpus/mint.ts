import type { JsonWebKeySet } from '@kinde-billing/core'
import * as base64url from 'jose/base64url'
import { type Signer, signCompact } from '../compact.js'
import { fixtureData } from '../fixture-data.js'
import { toKindeTimestamp } from '../fixtures.js'
import { publicJwk, rsaSigner } from './signers.js'
import { type RsaPrimes, TEST_KEYS } from './test-keys.js'

/** JSON text or bytes, taken as they are. */
type Raw = string | Uint8Array

/** In which ways a token differs from a genuine one. */
export interface TokenOptions {
  /** Header members to add or to replace; `undefined` takes one out. */
  readonly header?: { readonly [member: string]: unknown }
  /** The whole header, in its place. */
  readonly rawHeader?: Raw
  /** Claims to add or to replace; `undefined` takes one out. */
  readonly claims?: { readonly [claim: string]: unknown }
  /** The whole payload, in their place. */
  readonly rawPayload?: Raw
  /** The key that signs, and that `kid` names. Default: the issuer's. */
  readonly key?: RsaPrimes
  /** How it is signed, where that is not RS256 with the key. */
  readonly sign?: Signer
}

/** Makes the corpus's tokens. */
export interface Mint {
  /** The moment the corpus is made for, in epoch milliseconds. */
  readonly now: number
  readonly issuer: string
  /** The issuer's key set, unless a case has its own. */
  readonly jwks: JsonWebKeySet
  /** A genuine claim set, with an `event_id` of its own. Without `overrides` it is what Kinde sends. */
  claims(overrides?: TokenOptions['claims']): Record<string, unknown>
  /** A genuine header. */
  header(overrides?: TokenOptions['header']): Record<string, unknown>
  token(options?: TokenOptions): Promise<string>
  /** Any text, with the issuer's signature of it as the last part. */
  signText(text: string): Promise<string>
}

export function createMint(now: number, issuer: string): Mint {
  const issuerSigner = rsaSigner(TEST_KEYS.issuer)
  let events = 0

  const claims: Mint['claims'] = (overrides) => {
    events += 1
    const timestamp = toKindeTimestamp(now - 2_000)
    const genuine = {
      data: fixtureData('customer.plan_changed', 'flat'),
      event_id: `event_${events.toString(16).padStart(32, '0')}`,
      event_timestamp: timestamp,
      source: 'admin',
      timestamp,
      type: 'customer.plan_changed',
    }
    return { ...genuine, ...overrides }
  }
  const header: Mint['header'] = (overrides) => ({
    alg: 'RS256',
    kid: TEST_KEYS.issuer.kid,
    typ: 'JWT',
    ...overrides,
  })
  const token: Mint['token'] = ({ key, sign = key ? rsaSigner(key) : issuerSigner, ...options } = {}) =>
    signCompact(
      options.rawHeader ?? header({ ...(key && { kid: key.kid }), ...options.header }),
      options.rawPayload ?? claims(options.claims),
      sign,
    )
  const signText: Mint['signText'] = async (text) =>
    `${text}.${base64url.encode(await issuerSigner(new TextEncoder().encode(text)))}`
  return {
    now,
    issuer,
    jwks: keySet(publicJwk(TEST_KEYS.issuer), publicJwk(TEST_KEYS.previous)),
    claims,
    header,
    token,
    signText,
  }
}

/** A key set with whatever members: that some are no keys at all is the point of it. */
export function keySet(...members: unknown[]): JsonWebKeySet {
  return { keys: members as JsonWebKeySet['keys'] }
}

/** The members of a JSON object with others, written out, before or behind them: for names that stand twice. */
export const prepend = (members: string, object: object): string =>
  JSON.stringify(object).replace('{', () => `{${members},`)
export const append = (object: object, members: string): string =>
  JSON.stringify(object).replace(/\}$/, () => `,${members}}`)
