import { codeOf, createClaims, errorOf, issuer, NOW, signClaims } from '@kinde-billing/test-support/test-verifier'
import { describe, expect, it } from 'vitest'

const HOUR = 3_600_000

describe('claims', () => {
  const notCurrent = 'The token has expired, is not yet valid, or has an invalid exp or nbf.'
  const notIssuer = 'iss is not https://acme.kinde.com.'
  const notJson = 'The signed payload is not a JSON object in UTF-8, nested at most 64 deep.'
  const notEvent = 'The signed payload does not have the shape of an event.'
  const foreign = (name: string) =>
    `The claim ${name} belongs to an access, ID or machine token. Kinde's webhooks do not have it.`

  it.each<{ name: string; claims: object | string; code: string; message: string }>([
    {
      name: 'of an access token',
      claims: { aud: [], azp: 'x', scp: [], exp: NOW / 1000 + 60, iss: issuer.issuer },
      code: 'not_a_webhook',
      message: foreign('aud'),
    },
    {
      name: 'of an ID token',
      claims: createClaims({ nonce: 'x' }),
      code: 'not_a_webhook',
      message: foreign('nonce'),
    },
    { name: 'that expired', claims: createClaims({ exp: NOW / 1000 }), code: 'token_not_current', message: notCurrent },
    {
      name: 'with an exp that is not a number',
      claims: createClaims({ exp: '4102444800' }),
      code: 'token_not_current',
      message: notCurrent,
    },
    {
      name: 'with an exp of infinity',
      claims: JSON.stringify(createClaims({ exp: 0 })).replace('"exp":0', '"exp":1e400'),
      code: 'token_not_current',
      message: notCurrent,
    },
    {
      name: 'with an nbf beyond the tolerance',
      claims: createClaims({ nbf: NOW / 1000 + 301 }),
      code: 'token_not_current',
      message: notCurrent,
    },
    {
      name: 'of another issuer',
      claims: createClaims({ iss: 'https://evil.kinde.com' }),
      code: 'issuer_mismatch',
      message: notIssuer,
    },
    {
      name: 'with a list of issuers',
      claims: createClaims({ iss: [issuer.issuer] }),
      code: 'issuer_mismatch',
      message: notIssuer,
    },
    { name: 'that are not JSON', claims: 'hello', code: 'invalid_payload', message: notJson },
    { name: 'that are a list', claims: '[{}]', code: 'invalid_payload', message: notJson },
    {
      name: 'with a type that is not a string',
      claims: createClaims({ type: 7 }),
      code: 'invalid_payload',
      message: "The signed payload has no usable 'type'.",
    },
    { name: 'without an id', claims: createClaims({ event_id: ' ' }), code: 'invalid_payload', message: notEvent },
    {
      name: 'with a local time',
      claims: createClaims({ timestamp: '2026-05-01T07:41:45' }),
      code: 'invalid_payload',
      message: notEvent,
    },
    { name: 'with a list as data', claims: createClaims({ data: [] }), code: 'invalid_payload', message: notEvent },
  ])('refuses $name with $code', async ({ claims, code, message }) => {
    expect(await errorOf(await issuer.sign(claims))).toMatchObject({ code, message })
  })

  it('are accepted with members that Kinde may add', async () => {
    const additions = { iss: issuer.issuer, iat: 1, jti: 'x', source: 'robot', nbf: NOW / 1000 + 299 }
    expect(await codeOf(await signClaims({ ...additions, data: { customer_id: 'customer_1', more: [1] } }))).toBe('ok')
  })

  it('count as level 1 of the nesting', async () => {
    const nested = (levels: number) =>
      JSON.stringify(createClaims()).replace('"data":{', `"data":{"deep":${'['.repeat(levels)}${']'.repeat(levels)},`)
    expect(await codeOf(await issuer.sign(nested(62)))).toBe('ok')
    expect(await codeOf(await issuer.sign(nested(63)))).toBe('invalid_payload')
    expect(await codeOf(await signClaims({ text: '['.repeat(100) }))).toBe('ok')
  })
})

describe('the issues of an envelope', () => {
  it('name the type', async () => {
    expect((await errorOf(await signClaims({ type: ' ' }))).issues).toEqual([
      { path: ['type'], message: 'must be a non-blank string of at most 128 characters' },
    ])
  })

  it('name every member that is wrong', async () => {
    const error = await errorOf(await issuer.sign({ type: 'customer.plan_changed', timestamp: 1 }))
    expect(error.issues).toEqual([
      { path: ['event_id'], message: 'must be a non-blank string of at most 256 characters' },
      {
        path: ['timestamp'],
        message: 'must be a date and time with an offset (RFC 3339), such as 2026-05-01T17:41:45.592145+10:00',
      },
      { path: ['data'], message: 'must be an object' },
    ])
  })

  it('do not name a member that is right', async () => {
    const error = await errorOf(await signClaims({ timestamp: 1 }))
    expect(error.issues.map(({ path }) => path)).toEqual([['timestamp']])
  })
})

describe('the window', () => {
  const sign = (ageMs: number) => signClaims({ timestamp: new Date(NOW - ageMs).toISOString() })

  it('is open for all of Kinde’s attempts, and ends at 72 hours', async () => {
    for (const hours of [0, 5 / 3600, 30 / 3600, 1 / 30, 1 / 6, 1, 4, 12, 24, 36, 71.99])
      expect(await codeOf(await sign(hours * HOUR))).toBe('ok')
    expect(await codeOf(await sign(72 * HOUR))).toBe('timestamp_out_of_range')
  })

  it('tolerates a clock that is off by clockToleranceMs', async () => {
    expect(await codeOf(await sign(-300_000))).toBe('ok')
    expect(await codeOf(await sign(-300_001))).toBe('timestamp_out_of_range')
    expect(await codeOf(await sign(-60_000), { clockToleranceMs: 0 })).toBe('timestamp_out_of_range')
  })

  it('can be narrower, or have no end', async () => {
    expect(await codeOf(await sign(61_000), { replayWindowMs: 60_000 })).toBe('timestamp_out_of_range')
    expect(await codeOf(await sign(10_000 * HOUR), { replayWindowMs: false })).toBe('ok')
    expect(await codeOf(await sign(-HOUR), { replayWindowMs: false })).toBe('timestamp_out_of_range')
    expect((await errorOf(await sign(0), { replayWindowMs: 0 })).message).toMatch(/ is 0 s old: /)
  })

  it.each([
    {
      ageMs: -300_001,
      message: "The event's timestamp is 300 s in the future. Check this machine's clock, or raise clockToleranceMs.",
    },
    { ageMs: 7_199_000, message: expect.stringMatching(/ is 7199 s old: a replay, .* set replayWindowMs to false\.$/) },
    { ageMs: 7_200_000, message: expect.stringMatching(/ is 2 h old: /) },
    { ageMs: 73 * HOUR, message: expect.stringMatching(/ is 73 h old: /) },
  ])('names an age of $ageMs ms', async ({ ageMs, message }) => {
    expect(await errorOf(await sign(ageMs), { replayWindowMs: HOUR })).toMatchObject({
      code: 'timestamp_out_of_range',
      message,
      issues: [{ path: ['timestamp'], message: 'is outside the window' }],
    })
  })

  it('is not open if the clock is broken', async () => {
    expect(await errorOf(await signClaims(), { now: () => Number.NaN })).toMatchObject({
      code: 'invalid_configuration',
      message: 'now is NaN: it must return the time in epoch milliseconds.',
    })
  })
})
