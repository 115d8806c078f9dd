import { decode as decodeBase64url } from 'jose/base64url'
import { KindeWebhookError, type KindeWebhookErrorCode } from './errors.js'
import { format } from './format.js'
import { decodeUtf8, getOwn, isSafeString, parseJsonObject } from './json.js'

/** A JWS with a valid form and header. Its signature is not verified yet. */
export interface Token {
  /** In parts, as RFC 7515, section 7.2.2 names them: jose need not split the text again. */
  readonly jws: { readonly protected: string; readonly payload: string; readonly signature: string }
  readonly kid: string
}

const MAX_HEADER_CHARS = 8192

/**
 * Checks size, form and header. No key is looked up before, so a malformed token or a wrong algorithm costs no fetch.
 *
 * @param input - The request's body: a string or bytes.
 * @param maxBytes - The size limit.
 * @throws KindeWebhookError `payload_too_large`, `malformed_token`, `unsupported_algorithm`, `unknown_key`,
 * `not_a_webhook`
 */
export function parseToken(input: unknown, maxBytes: number): Token {
  const [, header, payload, signature] = COMPACT_JWS.exec(toText(input, maxBytes)) ?? []
  if (!isCanonical(header) || !isCanonical(payload) || !isCanonical(signature))
    throw new KindeWebhookError(
      'malformed_token',
      'The body is not a compact JWS (RFC 7515): three parts of unpadded base64url, separated by dots. Kinde posts the token itself, with nothing around it.',
    )
  return { jws: { protected: header, payload, signature }, kid: parseKeyId(header) }
}

const toUtf8 = new TextEncoder()

/** Converts the input to text without one line end. Invalid UTF-8 becomes an empty string, which the next check rejects. */
function toText(input: unknown, maxBytes: number): string {
  if (typeof input !== 'string' && !ArrayBuffer.isView(input))
    throw new KindeWebhookError(
      'malformed_token',
      `A token is a string or a Uint8Array, not a value of type ${typeof input}.`,
    )
  if ((typeof input === 'string' ? byteLength(input, maxBytes) : input.byteLength) > maxBytes)
    throw new KindeWebhookError(
      'payload_too_large',
      `The token is larger than ${maxBytes} bytes. If Kinde really sends more, raise maxTokenBytes.`,
    )
  const text = typeof input === 'string' ? input : (decodeUtf8(input) ?? '')
  return text.endsWith('\r\n') ? text.slice(0, -2) : text.endsWith('\n') ? text.slice(0, -1) : text
}

/** The size in UTF-8, where a character takes one to three bytes: encoded only if the limit lies between. */
function byteLength(text: string, limit: number): number {
  return text.length > limit || text.length * 3 <= limit ? text.length : toUtf8.encode(text).byteLength
}

const COMPACT_JWS = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/** By the length of the part modulo 4: last characters whose spare bits are zero. A remainder of 1 cannot occur. */
const LAST_CHARACTERS: Readonly<Record<number, string>> = { 2: 'AQgw', 3: 'AEIMQUYcgkosw048' }

/**
 * Checks for canonical base64url (RFC 7515, section 2; RFC 4648, section 3.5). jose also decodes white space, padding,
 * and spare bits in the last character, so one token would have many texts.
 */
function isCanonical(part: string | undefined): part is string {
  if (part === undefined) return false
  const remainder = part.length % 4
  return remainder === 0 || LAST_CHARACTERS[remainder]?.includes(part.slice(-1)) === true
}

type HeaderRule = readonly [isValid: (value: unknown) => boolean, code: KindeWebhookErrorCode, message: string]

const isAbsent = (value: unknown): boolean => value === undefined

/**
 * Rules of the header's members, in their order. jose would accept every algorithm that fits the key, a token without a
 * kid, and the `crit` extensions it knows, and it ignores `typ`. Kinde signs with RS256 only and always names the key, and
 * its other tokens declare themselves in `typ` (RFC 8725, sections 3.1, 3.11 and 3.12). Unknown members are ignored.
 */
const HEADER: Record<string, HeaderRule> = {
  alg: [
    (alg) => alg === 'RS256',
    'unsupported_algorithm',
    'The token is not signed with RS256, the only algorithm Kinde uses',
  ],
  kid: [(kid) => isSafeString(kid, 256), 'unknown_key', 'The token has no key id (kid) of 1 to 256 characters'],
  typ: [
    (typ) => isAbsent(typ) || (typeof typ === 'string' && /^(?:application\/)?jwt$/i.test(typ)),
    'not_a_webhook',
    'The token is not a plain JWT (typ)',
  ],
  crit: [isAbsent, 'malformed_token', 'The crit header is not allowed'],
  b64: [isAbsent, 'malformed_token', 'The b64 header is not allowed'],
  enc: [isAbsent, 'malformed_token', 'The enc header is not allowed'],
}

/**
 * The last valid header: an issuer's tokens share one as long as its key lasts. Without it the work of a token, but for
 * the signature, takes the main thread 30 µs instead of 24 (2026-11-25, packages/benchmarks/src/tricks.ts).
 */
let latest = { encoded: '', kid: '' }

function parseKeyId(encoded: string): string {
  if (encoded === latest.encoded) return latest.kid
  const header = encoded.length <= MAX_HEADER_CHARS ? parseJsonObject(decodeBase64url(encoded)) : undefined
  if (header === undefined)
    throw new KindeWebhookError('malformed_token', "The token's header is not a JSON object of at most 8 KiB.")
  for (const [name, [isValid, code, message]] of Object.entries(HEADER)) {
    const value = getOwn(header, name)
    if (!isValid(value)) throw new KindeWebhookError(code, `${message}: ${name} is ${format(value, 16)}.`)
  }
  latest = { encoded, kid: String(header['kid']) }
  return latest.kid
}
