import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { describe, expect, it } from 'vitest'
import { type BillingVerifierOptions, createBillingVerifier, isKindeWebhookError, verifyAndParse } from './index.js'
import { assertKnownOptions } from './validate.js'

const issuer = 'https://acme.kinde.com'
const { jwks } = await createTestIssuer()
const weak = { keys: [{ kty: 'RSA', kid: 'a', n: 'AQAB', e: 'AQAB' }] }

/** A key set whose modulus has this many bits, with this many zero bytes before it. */
function rsa(bits: number, zeros = 0, exponent = [1, 0, 1]) {
  const modulus = Buffer.alloc(zeros + Math.ceil(bits / 8), 255).fill(0, 0, zeros)
  modulus.writeUInt8(255 >> ((8 - (bits % 8)) % 8), zeros)
  return {
    keys: [{ kty: 'RSA', kid: 'a', n: modulus.toString('base64url'), e: Buffer.from(exponent).toString('base64url') }],
  }
}

/** The message for wrong options. */
function messageFor(options: unknown): string {
  try {
    createBillingVerifier(options as BillingVerifierOptions)
  } catch (error) {
    if (isKindeWebhookError(error) && error.code === 'invalid_configuration') return error.message
    throw error
  }
  return 'none'
}

describe('a wrong value', () => {
  it.each<{ options: unknown; message: RegExp }>([
    { options: undefined, message: /^options is undefined: pass an object/ },
    { options: {}, message: /^issuer is undefined: pass a URL such as https:\/\/acme.kinde.com/ },
    { options: { issuer: 'acme.kinde.com' }, message: /^issuer is "acme.kinde.com": pass a URL/ },
    {
      options: { issuer: 'http://acme.kinde.com' },
      message: /^issuer .*: use https: plain http: is for loopback only/,
    },
    { options: { issuer: 'http://127.0.0.1.evil.com' }, message: /use https/ },
    { options: { issuer: 'ftp://acme.kinde.com' }, message: /^issuer is "ftp:/ },
    {
      options: { issuer: `${issuer}/api` },
      message: /pass your Kinde domain without a path, https:\/\/acme.kinde.com\.$/,
    },
    { options: { issuer: `${issuer}?x=1` }, message: /without query/ },
    { options: { issuer: `${issuer}#x` }, message: /fragment/ },
    { options: { issuer: 'https://user:pass@acme.kinde.com' }, message: /credentials/ },
    { options: { issuer: 'https://acme .kinde.com' }, message: /or spaces\.$/ },
    { options: { issuer: 'https:/acme.kinde.com' }, message: /^issuer is "https:\/acme/ },
    { options: { issuer: ' \n' }, message: /^issuer is " \\n": pass a URL/ },
    { options: { issuer: 5 }, message: /^issuer is 5/ },
    { options: { issuer, jwksUri: 'http://acme.kinde.com/keys' }, message: /^jwksUri .*use https/ },
    { options: { issuer, jwksUri: `${issuer}/keys?x` }, message: /^jwksUri is / },
    {
      options: { issuer, jwksUri: `${issuer}/keys`, jwks },
      message: /^jwks and jwksUri are both set: leave one of them out\.$/,
    },
    { options: { issuer, jwks: { keys: [] } }, message: /^jwks is an object: pass a JSON Web Key Set/ },
    { options: { issuer, jwks: {} }, message: /^jwks is an object/ },
    { options: { issuer, jwks: { keys: [5, null, {}] } }, message: /^jwks is an object/ },
    { options: { issuer, jwks: rsa(2047) }, message: /2048 bits or more/ },
    { options: { issuer, jwks: rsa(16_385) }, message: /2048 bits or more/ },
    { options: { issuer, jwks: rsa(1024, 200) }, message: /2048 bits or more/ },
    { options: { issuer, jwks: rsa(2048, 0, [0, 0, 0, 0]) }, message: /2048 bits or more/ },
    { options: { issuer, jwks: weak }, message: /2048 bits or more/ },
    { options: { issuer, replayWindowMs: -1 }, message: /^replayWindowMs is -1: pass a number that is finite/ },
    { options: { issuer, replayWindowMs: '3 days' }, message: /^replayWindowMs is "3 days"/ },
    { options: { issuer, replayWindowMs: Infinity }, message: /^replayWindowMs is Infinity: .* false for no limit/ },
    { options: { issuer, clockToleranceMs: Number.NaN }, message: /^clockToleranceMs is NaN/ },
    { options: { issuer, maxTokenBytes: null }, message: /^maxTokenBytes is null/ },
    { options: { issuer, keys: 5 }, message: /^keys is 5/ },
    {
      options: { issuer, keys: { timeoutMs: 2 ** 31 } },
      message: /^keys.timeoutMs is 2147483648: pass a number that is below 2147483648/,
    },
    {
      options: { issuer, keys: { maxAgeMs: 29_999 } },
      message: /^keys.maxAgeMs is 29999: it must not be below keys.cooldownMs \(30000\)/,
    },
    { options: { issuer, dataSchemas: [] }, message: /^dataSchemas is an array/ },
    {
      options: { issuer, dataSchemas: { 'customer.plan_change': {} } },
      message: /^dataSchemas is "customer.plan_change": it is keyed by event type: one of customer.agreement_created/,
    },
    {
      options: { issuer, dataSchemas: { 'customer.plan_changed': {} } },
      message: /^dataSchemas\['customer.plan_changed'\] is an object: pass a Standard Schema/,
    },
    { options: { issuer, dataSchemas: { 'customer.plan_changed': null } }, message: /pass a Standard Schema/ },
    { options: { issuer, onWarning: true }, message: /^onWarning is true: pass a function/ },
    { options: { issuer, fetch: {} }, message: /^fetch is an object/ },
    { options: { issuer, now: 0 }, message: /^now is 0/ },
  ])('is refused: $message', ({ options, message }) => {
    expect(messageFor(options)).toMatch(message)
  })
})

describe('an unknown option', () => {
  it.each<{ options: Record<string, unknown>; message: RegExp }>([
    {
      options: { isuer: issuer },
      message:
        /^createBillingVerifier has no option "isuer": did you mean "issuer"\? The options are issuer, jwksUri, /,
    },
    { options: { JWKS: jwks }, message: /no option "JWKS": did you mean "jwks"\?/ },
    { options: { clockTolerance: 5 }, message: /no option "clockTolerance": did you mean "clockToleranceMs"\?/ },
    { options: { onEvent: () => {} }, message: /^createBillingVerifier has no option "onEvent"\. The options are/ },
    {
      options: { keys: { maxAge: 5 } },
      message:
        /^keys has no option "maxAge": did you mean "maxAgeMs"\? The options are maxAgeMs, cooldownMs, timeoutMs, staleIfErrorMs\.$/,
    },
  ])('is refused: $message', ({ options, message }) => {
    expect(messageFor({ issuer, ...options })).toMatch(message)
  })

  it.each([
    { options: null, message: 'where is null: pass a plain object with the options first, second.' },
    { options: 5, message: 'where is 5: pass a plain object with the options first, second.' },
    { options: [], message: 'where is an array: pass a plain object with the options first, second.' },
    {
      options: new Map([['first', 1]]),
      message: 'where is a Map: pass a plain object with the options first, second.',
    },
    {
      options: Promise.resolve({ first: 1 }),
      message: 'where is a Promise: pass a plain object with the options first, second.',
    },
    { options: () => {}, message: 'where is a function: pass a plain object with the options first, second.' },
  ])('refuses what is not an object of options: $message', ({ options, message }) => {
    expect(() => assertKnownOptions('where', options, ['first', 'second'])).toThrow(message)
  })

  it('is refused by verifyAndParse', async () => {
    const options = { issuer, jwks, maxTokenByte: 5 }
    await expect(verifyAndParse('x', options)).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringMatching(/no option "maxTokenByte": did you mean "maxTokenBytes"\?/),
    })
  })
})

it.each([
  { issuer },
  { issuer: 'HTTPS://ACME.kinde.com/' },
  { issuer: ` ${issuer}/\r\n` },
  { issuer: 'http://localhost:3000' },
  { issuer: 'http://127.0.0.1:3000' },
  { issuer: 'http://[::1]:3000' },
  { issuer, jwksUri: 'http://localhost:1/keys' },
  { issuer, jwksUri: `${issuer}/keys\n` },
  { issuer, jwks: rsa(2048) },
  { issuer, jwks: rsa(2048, 1, [0, 1, 0, 1]) },
  { issuer, jwks: rsa(16_384) },
  {
    issuer,
    replayWindowMs: false,
    clockToleranceMs: 0,
    keys: { maxAgeMs: 0, cooldownMs: 0, timeoutMs: 0, staleIfErrorMs: 0 },
  },
  { issuer, jwks, dataSchemas: { 'customer.plan_changed': undefined } },
])('accepts %j', (options) => {
  expect(messageFor(options)).toBe('none')
})

it('trims an issuer: the line break that a secret manager adds is not a part of it', async () => {
  const signer = await createTestIssuer({ issuer })
  const token = await signer.sign(billingEventFixture('customer.plan_changed', { iss: issuer }))
  const verifier = createBillingVerifier({ issuer: `\t${issuer}\n`, jwks: signer.jwks })
  expect(await verifier.safeVerifyAndParse(token)).toMatchObject({ ok: true })
})
