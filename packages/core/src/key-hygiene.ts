import { decode as decodeBase64url } from 'jose/base64url'
import { isJsonObject, isText, type JsonObject, own } from './json.js'

/** Keys that may verify, by kid. Where a kid stands twice, each is tried. */
export type Keys = ReadonlyMap<string, readonly CryptoKey[]>

/** A member of a key set that may verify a webhook, reduced to what verification needs. */
export interface UsableKey {
  readonly kid: string
  readonly n: string
  readonly e: string
}

/** RFC 7518, section 6.3.2: any of them gives the private key away. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 16_384
const MAX_KEYS_PER_KID = 4

/**
 * The members of a JSON Web Key Set (RFC 7517) that may verify RS256 signatures. The others are passed over and do not
 * spoil the set: keys of other kinds and for other uses, RSA keys that are too short or too long, exponents that make
 * forgeries easy (1, 3, even ones), and a private key, which whoever reads the set could sign with.
 */
export function usableKeys(jwks: unknown): UsableKey[] {
  const members = isJsonObject(jwks) ? own(jwks, 'keys') : undefined
  return Array.isArray(members) ? members.flatMap((member) => (isJsonObject(member) ? usableKey(member) : [])) : []
}

function usableKey(jwk: JsonObject): UsableKey | [] {
  const [kid, n, e, ops] = ['kid', 'n', 'e', 'key_ops'].map((name) => own(jwk, name))
  const isForRs256 =
    own(jwk, 'kty') === 'RSA' &&
    ['sig', undefined].some((use) => own(jwk, 'use') === use) &&
    ['RS256', undefined].some((alg) => own(jwk, 'alg') === alg) &&
    (ops === undefined || (Array.isArray(ops) && ops.includes('verify'))) &&
    !PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))
  if (!isForRs256 || !isText(kid, 256) || typeof n !== 'string' || typeof e !== 'string') return []
  return isStrong(n, e) ? { kid, n, e } : []
}

function isStrong(n: string, e: string): boolean {
  const [modulus, exponent] = [unsigned(n), unsigned(e)]
  const bits = bitLength(modulus)
  const isOdd = ((exponent.at(-1) ?? 0) & 1) === 1
  // 65537 is the smallest odd number of 17 bits, and every odd number of 17 bits or more is at least that
  return bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && isOdd && bitLength(exponent) >= 17
}

/** The bytes of a Base64urlUInt without leading zeros; none where it is not base64url. */
function unsigned(text: string): Uint8Array {
  try {
    const bytes = decodeBase64url(text)
    const start = bytes.findIndex((byte) => byte !== 0)
    return start === -1 ? new Uint8Array() : bytes.subarray(start)
  } catch {
    return new Uint8Array()
  }
}

function bitLength(bytes: Uint8Array): number {
  const [first] = bytes
  return first === undefined ? 0 : bytes.length * 8 - Math.clz32(first) + 24
}

const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

/**
 * Imports keys once, not once a token, by the platform: jose's import knows every kind and form of key, of which none but
 * this can be here. A key that the runtime refuses is passed over.
 */
export async function importKeys(usable: readonly UsableKey[]): Promise<Keys> {
  const keys = new Map<string, CryptoKey[]>()
  for (const { kid, n, e } of usable) {
    const sameKid = keys.get(kid) ?? []
    if (sameKid.length === MAX_KEYS_PER_KID) continue
    const key = await crypto.subtle
      .importKey('jwk', { kty: 'RSA', n, e }, RS256, false, ['verify'])
      .catch(() => undefined)
    if (key !== undefined) keys.set(kid, [...sameKid, key])
  }
  return keys
}
