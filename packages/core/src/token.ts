import { decode as decodeBase64url } from 'jose/base64url'
import * as v from 'valibot'
import { KindeWebhookError, type KindeWebhookErrorCode } from './errors.js'
import { decodeUtf8, isText, own, parseJsonObject } from './json.js'
import { quote } from './quote.js'

/** A compact JWS whose form and header have been judged, still encoded, its signature not yet verified. */
export interface Token {
  readonly jws: string
  readonly kid: string
}

const MAX_HEADER_CHARS = 8192
const MAX_HEADER_DEPTH = 64

/**
 * The first two checks: size, form and header. All of it before any key is looked up, so that a malformed token or a
 * wrong algorithm costs no fetch.
 *
 * @throws KindeWebhookError `payload_too_large`, `malformed_token`, `unsupported_algorithm`, `unknown_key`,
 * `not_a_webhook`
 */
export function readToken(input: unknown, maxBytes: number): Token {
  const jws = compactForm(input, maxBytes)
  const parts = jws.split('.', 4)
  const [header] = parts
  if (header === undefined || parts.length !== 3 || !parts.every(isCanonicalBase64url))
    throw new KindeWebhookError(
      'malformed_token',
      'The body is not a compact JWS (RFC 7515): three parts of unpadded base64url with dots between. Kinde posts the token itself, with nothing around it.',
    )
  return { jws, kid: readKeyId(header) }
}

const toUtf8 = new TextEncoder()

/** The token as text. What is no UTF-8 is no ASCII either, which the next check asks for: it is as good as nothing. */
function compactForm(input: unknown, maxBytes: number): string {
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

/** The size of a text in UTF-8, whose characters take one to three bytes: counted only where the limit lies between. */
function byteLength(text: string, limit: number): number {
  return text.length > limit || text.length * 3 <= limit ? text.length : toUtf8.encode(text).byteLength
}

/** By the part's length modulo 4: the last characters whose spare bits are zero. No length leaves a remainder of 1. */
const LAST_CHARACTER = [/[\w-]$/, /^$/, /[AQgw]$/, /[AEIMQUYcgkosw048]$/] as const

/**
 * base64url in its one canonical form (RFC 7515, section 2; RFC 4648, section 3.5). jose decodes more than that: white
 * space, padding, and bits set in the last character that no byte holds, so that one token would have many texts.
 */
function isCanonicalBase64url(part: string): boolean {
  return !/[^\w-]/.test(part) && LAST_CHARACTER[part.length % 4]?.test(part.slice(-1)) === true
}

/**
 * What members must be, and what it means where they are not, in the order in which they are judged. jose would accept
 * every algorithm its key fits, a token without a kid, and the `crit` extensions it knows; a `typ` it does not look at.
 * Kinde signs with RS256 only, always names the key, and its other tokens say what they are in `typ` (RFC 8725, sections
 * 3.1, 3.11 and 3.12). Unknown members are ignored.
 */
const HEADER: readonly (readonly [member: string, v.GenericSchema, KindeWebhookErrorCode, message: string])[] = [
  [
    'alg',
    v.literal('RS256'),
    'unsupported_algorithm',
    'The token is not signed with RS256, the one algorithm Kinde uses',
  ],
  [
    'kid',
    v.custom((kid) => isText(kid, 256)),
    'unknown_key',
    'The token does not name a key (kid) of 1 to 256 characters',
  ],
  ['typ', v.custom(isJwtType), 'not_a_webhook', 'The token says that it is not a plain JWT (typ)'],
  ...['crit', 'b64', 'enc'].map(
    (member) =>
      [member, v.undefined_(), 'malformed_token', `The header holds ${member}, which has no place here`] as const,
  ),
]

function isJwtType(typ: unknown): boolean {
  return typ === undefined || (typeof typ === 'string' && /^(?:application\/)?jwt$/i.test(typ))
}

/** The header that was accepted last: an issuer's tokens share one for as long as its key lasts, and it is judged once. */
let accepted = { encoded: '', kid: '' }

function readKeyId(encoded: string): string {
  if (encoded === accepted.encoded) return accepted.kid
  const header =
    encoded.length <= MAX_HEADER_CHARS ? parseJsonObject(decodeBase64url(encoded), MAX_HEADER_DEPTH) : undefined
  if (header === undefined)
    throw new KindeWebhookError('malformed_token', 'The token has no JSON object of at most 8 KiB as its header.')
  for (const [member, schema, code, message] of HEADER) {
    const value = own(header, member)
    if (!v.is(schema, value)) throw new KindeWebhookError(code, `${message}: ${member} is ${quote(value, 16)}.`)
  }
  accepted = { encoded, kid: String(header['kid']) }
  return accepted.kid
}
