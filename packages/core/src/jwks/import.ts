import { decode as decodeBase64url } from 'jose/base64url'
import { safely } from '../format.js'
import { getOwn, isJsonObject, isSafeString, type JsonObject } from '../json.js'

/**
 * A JSON Web Key Set (RFC 7517), as your Kinde domain publishes it. jose's type of a key set fits, and the other way round:
 * the type is this package's own because jose's cannot be imported from CommonJS.
 */
export interface JsonWebKeySet {
  /** The public keys. Only RSA keys for RS256 signatures are used. */
  keys: JsonWebKeyMember[]
}

/** A member of a key set. Members that are not listed here are ignored. */
export interface JsonWebKeyMember {
  /** The key type, `RSA`. */
  kty?: string
  /** The key id. */
  kid?: string
  /** The algorithm, `RS256`. */
  alg?: string
  /** The use, `sig`. */
  use?: string
  /** The operations, with `verify`. */
  key_ops?: string[]
  /** The modulus of an RSA key. */
  n?: string
  /** The exponent of an RSA key. */
  e?: string
  /** The curve of a key of another type. */
  crv?: string
  /** The point of a key of another type. */
  x?: string
  /** The point of a key of another type. */
  y?: string
  /** A certificate chain, which is not used. */
  x5c?: string[]
  /** A certificate's thumbprint, which is not used. */
  x5t?: string
  /** A certificate's thumbprint, which is not used. */
  'x5t#S256'?: string
  /** A certificate's URL, which is never followed. */
  x5u?: string
}

/** Imported keys by kid. If a kid occurs more than once, each of its keys is tried. */
export type Keys = ReadonlyMap<string, readonly CryptoKey[]>

/** A JWK reduced to what verification needs. */
type Rs256Key = Record<'kid' | 'n' | 'e', string>

const MEMBERS = ['kty', 'kid', 'n', 'e', 'use', 'alg', 'key_ops']
/** RFC 7518, section 6.3.2: any of these members gives the private key away. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 16_384
const MAX_KEYS_PER_KID = 4

/**
 * Selects the members of a JSON Web Key Set (RFC 7517) that may verify RS256 signatures. Others are ignored: keys of
 * other kinds and uses, RSA keys that are too short or too long, exponents that make forgeries easy (1, 3, even ones),
 * and published private keys, with which every reader of the set could sign.
 */
export function selectRs256Keys(jwks: unknown): Rs256Key[] {
  const members = isJsonObject(jwks) ? getOwn(jwks, 'keys') : undefined
  return Array.isArray(members) ? members.flatMap((member) => (isJsonObject(member) ? selectKey(member) : [])) : []
}

function selectKey(jwk: JsonObject): Rs256Key | [] {
  const [kty, kid, n, e, use = 'sig', alg = 'RS256', ops = ['verify']] = MEMBERS.map((name) => getOwn(jwk, name))
  const isForRs256 =
    kty === 'RSA' &&
    use === 'sig' &&
    alg === 'RS256' &&
    Array.isArray(ops) &&
    ops.includes('verify') &&
    !PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))
  if (!isForRs256 || !isSafeString(kid, 256) || typeof n !== 'string' || typeof e !== 'string') return []
  return isStrong(n, e) ? { kid, n, e } : []
}

function isStrong(n: string, e: string): boolean {
  const [modulus, exponent] = [decodeUnsigned(n), decodeUnsigned(e)]
  const bits = bitLength(modulus)
  const isOdd = ((exponent.at(-1) ?? 0) & 1) === 1
  // 65537 is the smallest odd number of 17 bits, so every odd number of 17 bits or more is at least that.
  return bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && isOdd && bitLength(exponent) >= 17
}

/** The bytes of a Base64urlUInt without leading zeros, or none if it is not base64url. */
function decodeUnsigned(text: string): Uint8Array {
  const bytes = safely(() => decodeBase64url(text), new Uint8Array())
  const start = bytes.findIndex((byte) => byte !== 0)
  return start === -1 ? new Uint8Array() : bytes.subarray(start)
}

function bitLength(bytes: Uint8Array): number {
  const [first] = bytes
  return first === undefined ? 0 : bytes.length * 8 - Math.clz32(first) + 24
}

const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

/**
 * Imports the keys of {@link selectRs256Keys}, once per set instead of once per token. The platform does it: jose's
 * import knows every kind of key, and only this one can occur here. A key that the runtime refuses is ignored.
 */
export async function importKeys(jwks: unknown): Promise<Keys> {
  const keys = new Map<string, CryptoKey[]>()
  for (const { kid, n, e } of selectRs256Keys(jwks)) {
    const sameKid = keys.get(kid) ?? []
    if (sameKid.length === MAX_KEYS_PER_KID) continue
    const key = await crypto.subtle
      .importKey('jwk', { kty: 'RSA', n, e }, RS256, false, ['verify'])
      .catch(() => undefined)
    if (key !== undefined) keys.set(kid, [...sameKid, key])
  }
  return keys
}
