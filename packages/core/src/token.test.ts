import { codeOf, createClaims, errorOf, issuer, signClaims, stranger } from '@kinde-billing/test-support/test-verifier'
import { describe, expect, it } from 'vitest'

describe('the form of a token', () => {
  it('can be a string or any view of bytes, with one line end after it', async () => {
    const token = await signClaims()
    const bytes = new TextEncoder().encode(`${token}\r\n`)
    const padded = new Uint8Array([1, 2, ...bytes, 3])
    const view = new DataView(bytes.buffer) as unknown as Uint8Array
    for (const input of [token, `${token}\n`, bytes, Buffer.from(token), padded.subarray(2, -1), view])
      expect(await codeOf(input)).toBe('ok')
    for (const input of [
      `${token}\n\n`,
      `\n${token}`,
      `${token} `,
      `\ufeff${token}`,
      new Uint8Array([0xef, 0xbb, 0xbf, ...bytes]),
      new Uint8Array([0xff, 0xfe]),
    ])
      expect(await codeOf(input)).toBe('malformed_token')
  })

  const notCompact =
    'The body is not a compact JWS (RFC 7515): three parts of unpadded base64url, separated by dots. Kinde posts the token itself, with nothing around it.'
  const notHeader = "The token's header is not a JSON object of at most 8 KiB."
  it.each<{ input: unknown; message: string }>([
    { input: '', message: notCompact },
    { input: 'x.y', message: notCompact },
    { input: '..', message: notCompact },
    { input: 'AA.AA.AA.AA', message: notCompact },
    { input: 'AA=.AA.AA', message: notCompact },
    { input: 7, message: 'A token is a string or a Uint8Array, not a value of type number.' },
    { input: undefined, message: 'A token is a string or a Uint8Array, not a value of type undefined.' },
    { input: null, message: 'A token is a string or a Uint8Array, not a value of type object.' },
    { input: `${'a'.repeat(9000)}.AA.AA`, message: notHeader },
    { input: 'W10.AA.AA', message: notHeader },
  ])('is malformed_token for $input', async ({ input, message }) => {
    expect(await errorOf(input as string)).toMatchObject({ code: 'malformed_token', message })
  })
})

describe('the size of a token', () => {
  it('counts with its line end, and is checked before anything else', async () => {
    const token = await signClaims()
    expect(await codeOf(token, { maxTokenBytes: token.length })).toBe('ok')
    expect(await codeOf(`${token}\n`, { maxTokenBytes: token.length })).toBe('payload_too_large')
    expect(await codeOf('\u0000'.repeat(101), { maxTokenBytes: 100 })).toBe('payload_too_large')
    const view = new DataView(new ArrayBuffer(101)) as unknown as Uint8Array
    expect(await codeOf(view, { maxTokenBytes: 100 })).toBe('payload_too_large')
    expect((await errorOf(token, { maxTokenBytes: 9 })).message).toBe(
      'The token is larger than 9 bytes. If Kinde really sends more, raise maxTokenBytes.',
    )
  })

  it('counts in UTF-8', async () => {
    expect(await codeOf('é'.repeat(50), { maxTokenBytes: 100 })).toBe('malformed_token')
    expect(await codeOf('é'.repeat(51), { maxTokenBytes: 100 })).toBe('payload_too_large')
  })
})

describe('the header', () => {
  it.each<{ header: Record<string, unknown>; code: string; message: RegExp }>([
    {
      header: { alg: 'none' },
      code: 'unsupported_algorithm',
      message: /^The token is not signed with RS256, the only algorithm Kinde uses: alg is "none"\.$/,
    },
    { header: { alg: undefined }, code: 'unsupported_algorithm', message: /: alg is undefined\.$/ },
    {
      header: { kid: undefined },
      code: 'unknown_key',
      message: /^The token has no key id \(kid\) of 1 to 256 characters: kid is undefined\.$/,
    },
    { header: { kid: ' ' }, code: 'unknown_key', message: /kid is " "\.$/ },
    { header: { kid: 'k'.repeat(257) }, code: 'unknown_key', message: /kid is "k{16}\.\.\."\.$/ },
    {
      header: { typ: 'at+jwt' },
      code: 'not_a_webhook',
      message: /^The token is not a plain JWT \(typ\): typ is "at\+jwt"\.$/,
    },
    {
      header: { crit: ['b64'], b64: true },
      code: 'malformed_token',
      message: /^The crit header is not allowed: crit is an array\.$/,
    },
    { header: { b64: false }, code: 'malformed_token', message: /^The b64 header is not allowed: b64 is false\.$/ },
    {
      header: { enc: 'A256GCM' },
      code: 'malformed_token',
      message: /^The enc header is not allowed: enc is "A256GCM"\.$/,
    },
  ])('is refused with $code for $header', async ({ header, code, message }) => {
    expect(await errorOf(await issuer.sign(createClaims(), { header }))).toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  it.each([{ typ: undefined }, { typ: 'application/JWT' }, { typ: 'jwt' }, { zip: 'DEF', more: true }])(
    'is accepted with %j',
    async (header) => {
      expect(await codeOf(await issuer.sign(createClaims(), { header }))).toBe('ok')
    },
  )
})

describe('the signature', () => {
  it('must be of the key that the header names', async () => {
    expect(await errorOf(await stranger.sign(createClaims(), { header: { kid: issuer.kid } }))).toMatchObject({
      code: 'invalid_signature',
      message: "The signature does not match the issuer's key.",
    })
  })

  it('must be of a key that the issuer publishes, of which the message shows a part', async () => {
    const error = await errorOf(await stranger.sign(createClaims()))
    expect(error.code).toBe('unknown_key')
    expect(error.message).toBe(`The issuer's key set has no usable key with the kid "${stranger.kid.slice(0, 8)}...".`)
  })
})
