import { decode as decodeBase64url } from 'jose/base64url'
import * as v from 'valibot'
import { KindeWebhookError, type KindeWebhookErrorCode } from './errors.js'
import { isText, parseJsonObject } from './json.js'
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

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const toUtf8 = new TextEncoder()

/** The token as text. Bytes that are no ASCII survive as characters that the next check refuses. */
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
  const text = typeof input === 'string' ? input : utf8.decode(input)
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
 * Members are judged in this order. jose would accept every algorithm its key fits, a token without a kid, and the
 * `crit` extensions it knows; a `typ` it does not look at. Kinde signs with RS256 only, always names the key, and its
 * other tokens say what they are in `typ` (RFC 8725, sections 3.1, 3.11 and 3.12). Unknown members are ignored.
 */
const Header = v.object({
  alg: v.literal('RS256'),
  kid: v.custom<string>((kid) => isText(kid, 256)),
  typ: v.optional(v.pipe(v.string(), v.regex(/^(?:application\/)?jwt$/i))),
  crit: v.optional(v.never()),
  b64: v.optional(v.never()),
  enc: v.optional(v.never()),
})

const HEADER_MEMBERS: { readonly [member: string]: readonly [KindeWebhookErrorCode, string] } = {
  alg: ['unsupported_algorithm', 'The token is not signed with RS256, the one algorithm Kinde uses'],
  kid: ['unknown_key', 'The token does not name a key (kid) of 1 to 256 characters'],
  typ: ['not_a_webhook', 'The token says that it is not a plain JWT (typ)'],
}

/** The header that was accepted last: an issuer's tokens share one for as long as its key lasts, and it is judged once. */
let accepted = { encoded: '', kid: '' }

function readKeyId(encoded: string): string {
  if (encoded === accepted.encoded) return accepted.kid
  const header =
    encoded.length <= MAX_HEADER_CHARS ? parseJsonObject(decodeBase64url(encoded), MAX_HEADER_DEPTH) : undefined
  if (header === undefined)
    throw new KindeWebhookError('malformed_token', 'The token has no JSON object of at most 8 KiB as its header.')
  if (v.is(Header, header)) {
    accepted = { encoded, kid: header.kid }
    return header.kid
  }
  const member = String(v.safeParse(Header, header).issues?.[0].path?.[0].key)
  const [code, message] = HEADER_MEMBERS[member] ?? [
    'malformed_token',
    `The header holds ${member}, which has no place here`,
  ]
  throw new KindeWebhookError(code, `${message}: ${member} is ${quote(header[member], 16)}.`)
}
