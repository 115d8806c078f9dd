import { encode } from 'jose/base64url'

/** Signs a signing input (RFC 7515, section 5.1). */
export type Signer = (input: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>

/**
 * Makes a compact JWS of exactly these bytes. Not with jose's `CompactSign`, which refuses headers that it would not
 * verify: tests need those too.
 */
export async function signCompact(header: object | string, payload: object | string, sign: Signer): Promise<string> {
  const input = `${encode(toBytes(header))}.${encode(toBytes(payload))}`
  return `${input}.${encode(await sign(new TextEncoder().encode(input)))}`
}

/** Leaves strings and bytes unchanged; everything else becomes JSON. */
function toBytes(value: object | string): string | Uint8Array {
  if (typeof value === 'string') return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return JSON.stringify(value)
}

/** RSASSA-PKCS1-v1_5 with SHA-256, the signature of RS256. */
export function rs256(key: CryptoKey): Signer {
  return async (input) => new Uint8Array(await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, input))
}
