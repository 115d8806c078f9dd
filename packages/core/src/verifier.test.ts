import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { afterAll, describe, expect, it } from 'vitest'
import {
  BILLING_EVENT_TYPES,
  type BillingVerifierOptions,
  type BillingWarning,
  createBillingVerifier,
  isKindeWebhookError,
  type KindeWebhookError,
  type KindeWebhookErrorCode,
  UnsupportedEventError,
  verifyAndParse,
} from './index.js'

const issuer = await createTestIssuer({ issuer: 'https://acme.kinde.com' })
const stranger = await createTestIssuer()
const NOW = Date.parse('2026-05-01T07:41:45.592Z')
const HOUR = 3_600_000

const verifier = (options: Partial<BillingVerifierOptions> = {}) =>
  createBillingVerifier({ issuer: issuer.issuer, jwks: issuer.jwks, now: () => NOW, ...options })

const claims = (overrides: Record<string, unknown> = {}) =>
  billingEventFixture('customer.plan_changed', { timestamp: new Date(NOW).toISOString(), ...overrides })

async function codeOf(token: string | Uint8Array, options: Partial<BillingVerifierOptions> = {}) {
  const result = await verifier(options).safeVerifyAndParse(token)
  return result.ok ? 'ok' : result.error.code
}

async function errorOf(promise: Promise<unknown>): Promise<KindeWebhookError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isKindeWebhookError(error)) throw new Error('expected a KindeWebhookError', { cause: error })
  return error
}

describe('a genuine delivery', () => {
  it.each(BILLING_EVENT_TYPES)('%s becomes its event, in both dialects', async (type) => {
    for (const dialect of ['flat', 'nested'] as const) {
      const fixture = billingEventFixture(type, { timestamp: new Date(NOW).toISOString() }, { dialect })
      const event = await verifier().verifyAndParse(await issuer.sign(fixture))
      expect(event).toMatchObject({ type, id: fixture.event_id, timestamp: new Date(NOW), data: fixture.data })
      expect(event.claims).toEqual(fixture)
      expect(event.customer.id).toMatch(/^customer_/)
    }
  })

  it('may come as bytes of any kind of view, with one line end after it', async () => {
    const token = await issuer.sign(claims())
    const bytes = new TextEncoder().encode(`${token}\r\n`)
    const padded = new Uint8Array([1, 2, ...bytes, 3])
    for (const input of [token, `${token}\n`, bytes, Buffer.from(token), padded.subarray(2, -1)])
      expect(await codeOf(input)).toBe('ok')
    expect(await codeOf(new DataView(bytes.buffer) as unknown as Uint8Array)).toBe('ok')
    for (const input of [
      `${token}\n\n`,
      `\n${token}`,
      `${token} `,
      `\ufeff${token}`,
      new Uint8Array([0xef, 0xbb, 0xbf, ...bytes]),
    ])
      expect(await codeOf(input)).toBe('malformed_token')
  })

  it('is verified by keys that a real issuer serves, fetched once', async () => {
    const served = await startTestIssuer()
    const live = createBillingVerifier({ issuer: served.issuer })
    const token = await served.sign(billingEventFixture('customer.payment_failed'))
    await expect(live.verifyAndParse(token)).resolves.toMatchObject({ type: 'customer.payment_failed' })
    await expect(verifyAndParse(token, { issuer: `${served.issuer}/` })).resolves.toMatchObject({ source: 'admin' })
    expect(served.requests).toBe(1)
    await served.close()
  })

  it('is read from a Web Request', async () => {
    const request = async () => new Request('https://app.test', { method: 'POST', body: await issuer.sign(claims()) })
    await expect(verifier().verifyRequest(await request())).resolves.toMatchObject({ type: 'customer.plan_changed' })
    const read = await request()
    await read.text()
    expect((await errorOf(verifier().verifyRequest(read))).code).toBe('body_already_parsed')
    expect((await errorOf(verifier({ maxTokenBytes: 100 }).verifyRequest(await request()))).code).toBe(
      'payload_too_large',
    )
    expect((await errorOf(verifier().verifyRequest(new Request('https://app.test', { method: 'POST' })))).code).toBe(
      'malformed_token',
    )
  })
})

describe('what is refused, and with which code', () => {
  const cases: [KindeWebhookErrorCode, string, () => Promise<string>][] = [
    [
      'invalid_signature',
      "another's key under the issuer's kid",
      () => stranger.sign(claims(), { header: { kid: issuer.kid } }),
    ],
    ['unknown_key', 'a key the issuer does not publish', () => stranger.sign(claims())],
    ['unsupported_algorithm', 'no algorithm', () => issuer.sign(claims(), { header: { alg: 'none' } })],
    ['unknown_key', 'no kid', () => issuer.sign(claims(), { header: { kid: undefined } })],
    ['not_a_webhook', 'the typ of an access token', () => issuer.sign(claims(), { header: { typ: 'at+jwt' } })],
    ['malformed_token', 'critical extensions', () => issuer.sign(claims(), { header: { crit: ['b64'], b64: true } })],
    [
      'not_a_webhook',
      'an access token',
      () => issuer.sign({ aud: [], azp: 'x', scp: [], exp: NOW / 1000 + 60, iss: issuer.issuer }),
    ],
    ['not_a_webhook', 'a webhook with the claim of an ID token', () => issuer.sign(claims({ nonce: 'x' }))],
    ['token_not_current', 'an expired token', () => issuer.sign(claims({ exp: NOW / 1000 }))],
    ['token_not_current', 'an expiry that is no number', () => issuer.sign(claims({ exp: '4102444800' }))],
    [
      'token_not_current',
      'an expiry at infinity',
      () => issuer.sign(JSON.stringify(claims({ exp: 0 })).replace('"exp":0', '"exp":1e400')),
    ],
    ['token_not_current', 'a start beyond the tolerance', () => issuer.sign(claims({ nbf: NOW / 1000 + 301 }))],
    ['issuer_mismatch', "another's iss", () => issuer.sign(claims({ iss: 'https://evil.kinde.com' }))],
    ['issuer_mismatch', 'a list of issuers', () => issuer.sign(claims({ iss: [issuer.issuer] }))],
    ['invalid_payload', 'no JSON', () => issuer.sign('hello')],
    ['invalid_payload', 'a list', () => issuer.sign('[{}]')],
    ['invalid_payload', 'a type that is no string', () => issuer.sign(claims({ type: 7 }))],
    ['invalid_payload', 'an event without an id', () => issuer.sign(claims({ event_id: ' ' }))],
    ['invalid_payload', 'a local time', () => issuer.sign(claims({ timestamp: '2026-05-01T07:41:45' }))],
    ['invalid_payload', 'data that is a list', () => issuer.sign({ ...claims(), data: [] })],
  ]
  /** What each message says, beside what is wrong in particular. */
  const messages: Partial<Record<KindeWebhookErrorCode, RegExp>> = {
    invalid_signature: /^The signature is not one of the issuer's key\.$/,
    unknown_key:
      /^(The issuer's key set has no usable key with the kid ".{8}\.\.\."|The token does not name a key \(kid\).*: kid is undefined)\.$/,
    unsupported_algorithm: /^The token is not signed with RS256, .*: alg is "none"\.$/,
    not_a_webhook:
      /^(The claim (aud|nonce) belongs to|The token says that it is not a plain JWT \(typ\): typ is "at\+jwt")/,
    malformed_token: /^The header holds crit, which has no place here: crit is an array\.$/,
    token_not_current: /^The token is expired or not valid yet \(exp, nbf\)/,
    issuer_mismatch: /^The token names another issuer than https:\/\/acme\.kinde\.com\.$/,
    invalid_payload:
      /^(The signed payload is not a JSON object in UTF-8, nested at most 64 deep|The signed payload has no usable 'type'|The signed payload is not the shape of an event)\.$/,
  }
  it.each(cases)('%s: %s', async (code, _, token) => {
    const error = await errorOf(verifier().verifyAndParse(await token()))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(messages[code] ?? /nothing/)
  })

  it.each([
    ['x.y', /^The body is not a compact JWS \(RFC 7515\): three parts/],
    ['..', /^The body is not a compact JWS/],
    [7, /^A token is a string or a Uint8Array, not a value of type number\.$/],
    [undefined, /not a value of type undefined/],
    [`${'a'.repeat(9000)}.AA.AA`, /^The token has no JSON object of at most 8 KiB as its header\.$/],
    ['W10.AA.AA', /^The token has no JSON object/],
  ])('malformed_token: %j', async (input, message) => {
    const error = await errorOf(verifier().verifyAndParse(input as string))
    expect(error).toMatchObject({ code: 'malformed_token', message: expect.stringMatching(message) })
  })

  it('unsupported_event: another type, of which nothing else is judged', async () => {
    const error = await errorOf(
      verifier().verifyAndParse(await issuer.sign({ type: 'user.created', event_id: 5, anything: true })),
    )
    expect(error).toBeInstanceOf(UnsupportedEventError)
    expect(error).toMatchObject({ code: 'unsupported_event', status: 200, type: 'user.created', id: undefined })
    expect(JSON.stringify(error)).not.toContain('anything')
    const fixture = claims({ type: 'user.created' })
    expect(await errorOf(verifier().verifyAndParse(await issuer.sign(fixture)))).toMatchObject({
      id: fixture.event_id,
      claims: fixture,
    })
  })

  it('accepts what a later Kinde may add', async () => {
    const token = await issuer.sign(
      claims({ iss: issuer.issuer, iat: 1, jti: 'x', source: 'robot', nbf: NOW / 1000 + 299, data: { more: [1] } }),
      { header: { typ: undefined, zip: 'DEF', more: true } },
    )
    expect(await codeOf(token)).toBe('ok')
  })

  it('judges depth with the claims object as level 1', async () => {
    const nested = (levels: number) =>
      JSON.stringify(claims()).replace('"data":{', `"data":{"deep":${'['.repeat(levels)}${']'.repeat(levels)},`)
    expect(await codeOf(await issuer.sign(nested(62)))).toBe('ok')
    expect(await codeOf(await issuer.sign(nested(63)))).toBe('invalid_payload')
    expect(await codeOf(await issuer.sign(claims({ text: '['.repeat(100) })))).toBe('ok')
  })

  it('says what a type must be', async () => {
    const error = await errorOf(verifier().verifyAndParse(await issuer.sign(claims({ type: ' ' }))))
    expect(error.issues).toEqual([{ path: ['type'], message: 'must be a non-blank string of at most 128 characters' }])
  })

  it('names every member of the envelope that is wrong', async () => {
    const error = await errorOf(
      verifier().verifyAndParse(await issuer.sign({ type: 'customer.plan_changed', timestamp: 1 })),
    )
    expect(error.issues).toEqual([
      { path: ['event_id'], message: 'must be a non-blank string of at most 256 characters' },
      {
        path: ['timestamp'],
        message: expect.stringMatching(/^must be a date and time with an offset \(RFC 3339\), such as 2026-/),
      },
      { path: ['data'], message: 'must be an object' },
    ])
  })

  it('names no member of the envelope that is right', async () => {
    const error = await errorOf(verifier().verifyAndParse(await issuer.sign(claims({ timestamp: 1 }))))
    expect(error.issues.map(({ path }) => path)).toEqual([['timestamp']])
  })
})

describe('the window', () => {
  const at = async (ageMs: number, options: Partial<BillingVerifierOptions> = {}) =>
    codeOf(await issuer.sign(claims({ timestamp: new Date(NOW - ageMs).toISOString() })), options)

  it("lets all of Kinde's ten attempts in, and nothing of 72 hours", async () => {
    for (const hours of [0, 5 / 3600, 30 / 3600, 1 / 30, 1 / 6, 1, 4, 12, 24, 36, 71.99])
      expect(await at(hours * HOUR)).toBe('ok')
    expect(await at(72 * HOUR)).toBe('timestamp_out_of_range')
  })

  it('tolerates a clock that is off', async () => {
    expect(await at(-300_000)).toBe('ok')
    expect(await at(-300_001)).toBe('timestamp_out_of_range')
    expect(await at(-60_000, { clockToleranceMs: 0 })).toBe('timestamp_out_of_range')
  })

  it.each([
    [
      -300_001,
      /^The event's timestamp lies 300 s in the future: check this machine's clock, or raise clockToleranceMs\.$/,
    ],
    [7_199_000, /^The event's timestamp is 7199 s old: a replay, .* set replayWindowMs to false\.$/],
    [7_200_000, /^The event's timestamp is 2 h old: /],
    [73 * HOUR, /^The event's timestamp is 73 h old: /],
  ])('says of an age of %d ms what it is', async (ageMs, message) => {
    const token = await issuer.sign(claims({ timestamp: new Date(NOW - ageMs).toISOString() }))
    const error = await errorOf(verifier({ replayWindowMs: HOUR }).verifyAndParse(token))
    expect(error).toMatchObject({
      code: 'timestamp_out_of_range',
      message: expect.stringMatching(message),
      issues: [{ path: ['timestamp'], message: 'is outside the window' }],
    })
  })

  it('of no width is a setting like any other: what is as old as the clock is too old', async () => {
    const error = await errorOf(verifier({ replayWindowMs: 0 }).verifyAndParse(await issuer.sign(claims())))
    expect(error.message).toMatch(/^The event's timestamp is 0 s old: /)
  })

  it('can be made narrower, or have no end', async () => {
    expect(await at(61_000, { replayWindowMs: 60_000 })).toBe('timestamp_out_of_range')
    expect(await at(10_000 * HOUR, { replayWindowMs: false })).toBe('ok')
    expect(await at(-HOUR, { replayWindowMs: false })).toBe('timestamp_out_of_range')
  })

  it('is never open because the clock is broken', async () => {
    const error = await errorOf(verifier({ now: () => Number.NaN }).verifyAndParse(await issuer.sign(claims())))
    expect(error).toMatchObject({
      code: 'invalid_configuration',
      message: 'now is NaN: it must return the time in epoch milliseconds.',
    })
  })
})

describe('size', () => {
  it('is counted with the line end, and judged before anything else', async () => {
    const token = await issuer.sign(claims())
    expect(await codeOf(`${token}\n`, { maxTokenBytes: token.length })).toBe('payload_too_large')
    expect(await codeOf(token, { maxTokenBytes: token.length })).toBe('ok')
    expect((await errorOf(verifier({ maxTokenBytes: 9 }).verifyAndParse(token))).message).toMatch(
      /larger than 9 bytes\. .* raise maxTokenBytes/,
    )
    expect(await codeOf('\u0000'.repeat(101), { maxTokenBytes: 100 })).toBe('payload_too_large')
    const view = new DataView(new ArrayBuffer(101)) as unknown as Uint8Array
    expect(await codeOf(view, { maxTokenBytes: 100 })).toBe('payload_too_large')
  })
})

// no import of a Node module stands in this package, not even in its tests
const { inspect } = await import('node:util')

describe('errors', () => {
  it('hold nothing of the token, the claims or the key', async () => {
    const evil = 'a\nb\u2028c\u001b[31m'
    const secret = 'alice@example.com'
    const tokens = await Promise.all([
      stranger.sign(claims(), { header: { kid: `${evil}${'k'.repeat(200)}` } }),
      stranger.sign(claims({ data: { secret } })),
      issuer.sign(claims({ type: evil, data: { secret } })),
      issuer.sign(claims({ type: `x\u00e9\u202e${'y'.repeat(100)}`, data: { secret } })),
      issuer.sign(claims({ iss: evil, data: { secret } })),
      issuer.sign({ ...claims(), timestamp: evil, data: secret }),
    ])
    for (const token of tokens) {
      const error = await errorOf(verifier().verifyAndParse(token))
      const [, payload = ''] = token.split('.')
      for (const text of [error.message, String(error), JSON.stringify(error), inspect(error)]) {
        expect(text).not.toContain(payload.slice(0, 40))
        expect(text).not.toContain(secret)
        expect(text).not.toContain(stranger.kid)
        expect(error.message).toMatch(/^[\x20-\x7e]+$/)
      }
    }
  })

  it('are known across copies of the package', () => {
    const foreign = Object.defineProperty(new Error('x'), Symbol.for('kinde-billing.KindeWebhookError'), {
      value: true,
    })
    expect(isKindeWebhookError(foreign)).toBe(true)
    expect([new Error('x'), { code: 'unknown_key' }, null, undefined, 'x'].some(isKindeWebhookError)).toBe(false)
  })
})

describe('warnings', () => {
  it('tell once per type that no customer was found', async () => {
    const warnings: BillingWarning[] = []
    const judge = verifier({ onWarning: (warning) => warnings.push(warning) })
    for (const type of ['customer.plan_changed', 'customer.plan_changed', 'customer.payment_failed'] as const)
      await judge.verifyAndParse(await issuer.sign({ ...claims({ type }), data: { clientele: 'c' } }))
    for (const data of [{ customer_id: 'customer_1' }, { user_id: 'kp_1' }, { org_code: 'org_1' }])
      await judge.verifyAndParse(await issuer.sign({ ...claims({ type: 'customer.plan_assigned' }), data }))
    expect(warnings.map(({ code, message }) => `${code} ${message.split(' ')[0]}`)).toEqual([
      'customer_not_found customer.plan_changed',
      'customer_not_found customer.payment_failed',
    ])
  })

  it('are not the end of a delivery where the hook fails', async () => {
    const token = await issuer.sign({ ...claims(), data: {} })
    const hooks = [
      () => Promise.reject(new Error('x')),
      () => {
        throw new Error('x')
      },
    ]
    for (const onWarning of hooks) expect(await codeOf(token, { onWarning })).toBe('ok')
  })
})

afterAll(() => expect(unhandled).toEqual([]))
const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => unhandled.push(reason))
