import { base64url } from 'jose'

/** Makes the signature of a signing input (RFC 7515, section 5.1). */
export type Signer = (input: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>

/**
 * A compact JWS of exactly these bytes. jose signs no header that it would refuse to verify, and tests need those as
 * well: hence its encoding, but not its rules.
 */
export async function signCompact(header: object | string, payload: object | string, sign: Signer): Promise<string> {
  const input = `${base64url.encode(asText(header))}.${base64url.encode(asText(payload))}`
  return `${input}.${base64url.encode(await sign(new TextEncoder().encode(input)))}`
}

/** Strings and bytes are taken as they are, everything else as JSON. */
function asText(value: object | string): string | Uint8Array {
  if (typeof value === 'string') return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return JSON.stringify(value)
}

/** RSASSA-PKCS1-v1_5 with SHA-256, the signature of RS256. */
export function rs256(key: CryptoKey): Signer {
  return async (input) => new Uint8Array(await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, input))
}
