import { createTestIssuer } from '@kinde-billing/testing'
import { describe, expect, it } from 'vitest'
import { type BillingVerifierOptions, createBillingVerifier, isKindeWebhookError } from './index.js'

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

function mistake(options: unknown): string {
  try {
    createBillingVerifier(options as BillingVerifierOptions)
  } catch (error) {
    if (isKindeWebhookError(error) && error.code === 'invalid_configuration') return error.message
    throw error
  }
  return 'none'
}

describe('a mistake is named where it is made, with the mend', () => {
  it.each([
    [undefined, /options is undefined: pass an object/],
    [{}, /issuer is undefined: pass a URL such as https:\/\/acme.kinde.com/],
    [{ issuer: 'acme.kinde.com' }, /issuer is "acme.kinde.com": pass a URL/],
    [{ issuer: 'http://acme.kinde.com' }, /use https/],
    [{ issuer: 'http://127.0.0.1.evil.com' }, /use https/],
    [{ issuer: 'ftp://acme.kinde.com' }, /issuer/],
    [{ issuer: `${issuer}/api` }, /without a path, https:\/\/acme.kinde.com/],
    [{ issuer: `${issuer}?x=1` }, /without query/],
    [{ issuer: `${issuer}#x` }, /fragment/],
    [{ issuer: 'https://user:pass@acme.kinde.com' }, /credentials/],
    [{ issuer: ` ${issuer}` }, /spaces/],
    [{ issuer: `${issuer}\n` }, /issuer is "https:\/\/acme.kinde.com\\n"/],
    [{ issuer: 'https:/acme.kinde.com' }, /issuer/],
    [{ issuer: 5 }, /issuer is 5/],
    [{ issuer, jwksUri: 'http://acme.kinde.com/keys' }, /jwksUri .*use https/],
    [{ issuer, jwksUri: `${issuer}/keys?x` }, /jwksUri/],
    [{ issuer, jwksUri: `${issuer}/keys`, jwks }, /jwks and jwksUri are both given/],
    [{ issuer, jwks: { keys: [] } }, /jwks is an object: pass a JSON Web Key Set/],
    [{ issuer, jwks: {} }, /jwks is an object/],
    [{ issuer, jwks: { keys: [5, null, {}] } }, /jwks is an object/],
    [{ issuer, jwks: rsa(2047) }, /2048 bits or more/],
    [{ issuer, jwks: rsa(16_385) }, /2048 bits or more/],
    [{ issuer, jwks: rsa(1024, 200) }, /2048 bits or more/],
    [{ issuer, jwks: rsa(2048, 0, [0, 0, 0, 0]) }, /2048 bits or more/],
    [{ issuer, jwks: weak }, /2048 bits or more/],
    [{ issuer, replayWindowMs: -1 }, /replayWindowMs is -1: pass a number that is finite/],
    [{ issuer, replayWindowMs: '3 days' }, /replayWindowMs is "3 days"/],
    [{ issuer, replayWindowMs: Number.POSITIVE_INFINITY }, /replayWindowMs is Infinity: .* false for no limit/],
    [{ issuer, clockToleranceMs: Number.NaN }, /clockToleranceMs is NaN/],
    [{ issuer, maxTokenBytes: null }, /maxTokenBytes is null/],
    [{ issuer, keys: 5 }, /keys is 5/],
    [{ issuer, keys: { timeoutMs: 2 ** 31 } }, /keys.timeoutMs is 2147483648: pass a number that is below 2147483648/],
    [{ issuer, keys: { maxAgeMs: 29_999 } }, /keys.maxAgeMs is 29999: it must not be below keys.cooldownMs \(30000\)/],
    [{ issuer, dataSchemas: [] }, /dataSchemas is an array/],
    [
      { issuer, dataSchemas: { 'customer.plan_change': {} } },
      /"customer.plan_change": it is keyed by event type: one of customer.agreement_created/,
    ],
    [{ issuer, dataSchemas: { 'customer.plan_changed': {} } }, /pass a Standard Schema/],
    [{ issuer, dataSchemas: { 'customer.plan_changed': null } }, /pass a Standard Schema/],
    [{ issuer, onWarning: true }, /onWarning is true: pass a function/],
    [{ issuer, fetch: {} }, /fetch is an object/],
    [{ issuer, now: 0 }, /now is 0/],
  ])('%j', (options, message) => {
    expect(mistake(options)).toMatch(message)
  })
})

it.each([
  { issuer },
  { issuer: 'HTTPS://ACME.kinde.com/' },
  { issuer: 'http://localhost:3000' },
  { issuer: 'http://127.0.0.1:3000' },
  { issuer: 'http://[::1]:3000' },
  { issuer, jwksUri: 'http://localhost:1/keys' },
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
  expect(mistake(options)).toBe('none')
})
