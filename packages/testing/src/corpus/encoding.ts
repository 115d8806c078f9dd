import * as base64url from 'jose/base64url'
import { type CaseDraft, reject } from './case.js'
import type { Mint } from './mint.js'
import { joinBytes } from './rsa.js'

interface Parts {
  readonly token: string
  readonly header: string
  readonly payload: string
  readonly signature: string
}

type Rewriting<Result = string | Uint8Array<ArrayBuffer>> = readonly [
  name: string,
  reason: string,
  rewrite: (parts: Parts) => Result,
]

/** A genuine token, written down in another way. It has one form, and every other is refused. */
export function encoding(mint: Mint): CaseDraft[] {
  const asSent = [...signatureText, ...around, ...partCounts, ...serializations, ...characterSets]
  return [
    ...asSent.map(([name, reason, rewrite]) =>
      reject('malformed_token', name, reason, genuineParts(mint).then(rewrite)),
    ),
    ...signedText.map(([name, reason, rewrite]) =>
      reject(
        'malformed_token',
        `${name}, signed as it stands`,
        reason,
        genuineParts(mint).then((parts) => mint.signText(rewrite(parts))),
      ),
    ),
  ]
}

/** The last characters of header and signature have four spare bits, that of the payload two. */
async function genuineParts(mint: Mint): Promise<Parts> {
  // base64url has '-' where the last six bits of '>' stand alone, and '_' for those of '?'
  const claims = mint.claims({ note: '>>>????~~~~' })
  const token = await mint.token({
    rawHeader: withRemainder(1, (pad) => mint.header({ pad })),
    rawPayload: withRemainder(2, (pad) => ({ ...claims, pad })),
  })
  const [header = '', payload = '', signature = ''] = token.split('.')
  return { token, header, payload, signature }
}

/** JSON whose length leaves this remainder when it is divided by three. */
function withRemainder(remainder: number, objectWith: (pad: string) => object): string {
  const texts = ['', '.', '..'].map((pad) => JSON.stringify(objectWith(pad)))
  return texts.find((text) => text.length % 3 === remainder) ?? ''
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const setBits = (part: string, bits: number): string =>
  part.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(part.slice(-1)) | bits)
const standard = (part: string): string => part.replaceAll('-', '+').replaceAll('_', '/')
const insert = (part: string, text: string, at = 40): string => part.slice(0, at) + text + part.slice(at)

const PADDING = 'RFC 7515, appendix C; RFC 4648, section 3.2: base64url goes without padding'
const OUTSIDE =
  'RFC 7515, section 2; RFC 4648, section 3.3: a character outside the alphabet is refused, not passed over'
const SPARE_BITS = 'RFC 4648, section 3.5: spare bits are zero, or one token has many texts'
const COMPACT = 'RFC 7515, section 7.1: three parts with dots between, and nothing else'

const withSignature =
  (change: (signature: string) => string): Rewriting['2'] =>
  ({ header, payload, signature }) =>
    `${header}.${payload}.${change(signature)}`

/** The signed part is unchanged, so that a lenient decoder of the signature would accept. */
const signatureText: Rewriting[] = [
  ['signature with its padding', PADDING, withSignature((text) => `${text}==`)],
  ['signature with half its padding', PADDING, withSignature((text) => `${text}=`)],
  ['signature with its padding percent-encoded', PADDING, withSignature((text) => `${text}%3D%3D`)],
  ['signature in standard base64', 'RFC 4648, section 5: - and _ in the place of + and /', withSignature(standard)],
  ...[' ', '\n', '\u0000', '!', '='].map(
    (char): Rewriting => [
      `signature with ${JSON.stringify(char)} inside`,
      OUTSIDE,
      withSignature((text) => insert(text, char)),
    ],
  ),
  [
    'signature in lines of 64',
    'RFC 4648, section 3.1: no line feeds',
    withSignature((text) => text.replace(/.{64}/g, '$&\n')),
  ],
  ...[1, 8].map(
    (bits): Rewriting => [
      `signature with spare bits ${bits}`,
      SPARE_BITS,
      withSignature((text) => setBits(text, bits)),
    ],
  ),
  [
    'signature cut by a character',
    'RFC 4648, section 4: no bytes have an encoding of this length',
    withSignature((text) => text.slice(0, -1)),
  ],
]

const TRAILING = 'One LF or CRLF behind the token is tolerated, and nothing else around it'

const around: Rewriting[] = [
  ...['\n\n', '\r', '\n\r', ' ', ' \n', '\u0000', '\u2028'].map(
    (text): Rewriting => [`token with ${JSON.stringify(text)} behind it`, TRAILING, ({ token }) => token + text],
  ),
  ...[' ', '\n', '\ufeff'].map(
    (text): Rewriting => [`token with ${JSON.stringify(text)} before it`, TRAILING, ({ token }) => text + token],
  ),
  ['token with a line end behind each dot', COMPACT, ({ token }) => token.replaceAll('.', '.\r\n')],
]

const partCounts: Rewriting[] = [
  ['nothing', COMPACT, () => ''],
  ['two dots', COMPACT, () => '..'],
  ['a million dots', COMPACT, () => '.'.repeat(1_000_000)],
  ['one part', COMPACT, ({ header }) => header],
  ['one part of a million characters', COMPACT, () => 'A'.repeat(1_000_000)],
  ['two parts', COMPACT, ({ header, payload }) => `${header}.${payload}`],
  ['four parts', COMPACT, ({ token, signature }) => `${token}.${signature}`],
  ['five parts', COMPACT, ({ token, header, payload }) => `${token}.${header}.${payload}`],
  ['a dot behind', COMPACT, ({ token }) => `${token}.`],
  ['an empty header', COMPACT, ({ payload, signature }) => `.${payload}.${signature}`],
  [
    'an empty payload',
    'RFC 7515, appendix F: a detached payload is not where a webhook has it',
    ({ header, signature }) => `${header}..${signature}`,
  ],
  ['two tokens on two lines', COMPACT, ({ token }) => `${token}\n${token}`],
]

const JWE = 'RFC 7516, section 7.1: five parts are a JWE, which anyone with the public key can make'

const serializations: Rewriting[] = [
  [
    'flattened JSON serialization',
    'RFC 7515, section 7.2.2: a JWS, but not a compact one',
    ({ header, payload, signature }) => JSON.stringify({ protected: header, payload, signature }),
  ],
  [
    'general JSON serialization',
    'RFC 7515, section 7.2.1: a JWS, but not a compact one; one good signature among others proves less',
    ({ header, payload, signature }) => JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
  ],
  [
    'JSON serialization and compact at once',
    'CVE-2022-39227: one parser verified one half, another read the other',
    ({ header, payload, signature }) =>
      `{"${header}.${payload}.":"","protected":"${header}","payload":"${payload}","signature":"${signature}"}`,
  ],
  ['token as a JSON string', COMPACT, ({ token }) => JSON.stringify(token)],
  ['token in a JSON object', COMPACT, ({ token }) => JSON.stringify({ token })],
  ['token in a form', COMPACT, ({ token }) => `token=${token}`],
  ['token behind Bearer', 'RFC 6750, section 2.1: that is for a header', ({ token }) => `Bearer ${token}`],
  ['token with a disclosure', 'RFC 9901, section 4: that is an SD-JWT', ({ token, header }) => `${token}~${header}~`],
  ['token in base64url once more', COMPACT, ({ token }) => base64url.encode(token)],
  ['JWE', JWE, ({ payload, signature }) => jwe('RSA-OAEP-256', signature, payload)],
  ['JWE without an encrypted key', JWE, ({ payload }) => jwe('dir', '', payload)],
]

function jwe(alg: string, encryptedKey: string, ciphertext: string): string {
  const header = base64url.encode(JSON.stringify({ alg, enc: 'A256GCM', cty: 'JWT' }))
  return [header, encryptedKey, 'AAAAAAAAAAAAAAAA', ciphertext, 'AAAAAAAAAAAAAAAAAAAAAA'].join('.')
}

const ASCII = 'RFC 7515, section 2: the parts are ASCII, and nothing is folded into it'

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
const utf16 = (text: string): Uint8Array<ArrayBuffer> =>
  joinBytes(...Array.from(text, (char) => [char.charCodeAt(0), 0]))
const shift = (text: string, by: number): string =>
  String.fromCharCode(...Array.from(text, (char) => char.charCodeAt(0) + by))

const characterSets: Rewriting[] = [
  ['token in lower case', 'RFC 4648, section 5: the alphabet has case', ({ token }) => token.toLowerCase()],
  ['token in full-width characters', `${ASCII}: not by NFKC`, ({ token }) => shift(token, 0xfee0)],
  ['token of characters whose low bytes are right', `${ASCII}: not by cutting off`, ({ token }) => shift(token, 0x100)],
  ['token in UTF-16, with a byte order mark', ASCII, ({ token }) => joinBytes([0xff, 0xfe], utf16(token))],
  ['token behind a byte order mark, as bytes', ASCII, ({ token }) => joinBytes([0xef, 0xbb, 0xbf], utf8(token))],
  [
    'token with every high bit set',
    `${ASCII}: not by dropping bits`,
    ({ token }) => utf8(token).map((byte) => byte | 0x80),
  ],
  [
    'token with overlong dots',
    'RFC 3629, section 3: no overlong forms',
    ({ header, payload, signature }) =>
      joinBytes(utf8(header), [0xc0, 0xae], utf8(payload), [0xc0, 0xae], utf8(signature)),
  ],
]

/** The signature is good for exactly this text, so that only the encoding is to blame. */
const signedText: Rewriting<string>[] = [
  ['header with its padding', PADDING, ({ header, payload }) => `${header}==.${payload}`],
  ['payload with its padding', PADDING, ({ header, payload }) => `${header}.${payload}=`],
  ['payload in standard base64', 'RFC 4648, section 5', ({ header, payload }) => `${header}.${standard(payload)}`],
  ['header with a space inside', OUTSIDE, ({ header, payload }) => `${insert(header, ' ')}.${payload}`],
  ['payload with a line end inside', OUTSIDE, ({ header, payload }) => `${header}.${insert(payload, '\n')}`],
  ['payload with a NUL inside', OUTSIDE, ({ header, payload }) => `${header}.${insert(payload, '\u0000')}`],
  ['header with spare bits', SPARE_BITS, ({ header, payload }) => `${setBits(header, 5)}.${payload}`],
  ['payload with spare bits', SPARE_BITS, ({ header, payload }) => `${header}.${setBits(payload, 1)}`],
  [
    'payload with a character too many',
    'RFC 4648, section 4: no bytes have an encoding of this length',
    ({ header, payload }) => `${header}.${payload.padEnd(payload.length + 2, 'A')}`,
  ],
  [
    'payload in the clear',
    'RFC 7797, section 5: unencoded payloads are an extension that Kinde does not use',
    ({ header, payload }) => `${header}.${new TextDecoder().decode(base64url.decode(payload))}`,
  ],
  [
    'header in the clear',
    'RFC 7515, section 3.1',
    ({ header, payload }) => `${new TextDecoder().decode(base64url.decode(header))}.${payload}`,
  ],
]
