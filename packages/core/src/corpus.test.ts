import { adversarialCorpus } from '@kinde-billing/testing/corpus'
import { describe, expect, it } from 'vitest'
import { createBillingVerifier, type KindeWebhookError } from './index.js'

const { issuer, now, jwks, cases } = await adversarialCorpus()
const families = [...new Set(cases.map(({ family }) => family))]
const verifierFor = (keySet: typeof jwks) =>
  createBillingVerifier({ issuer, now: () => now, jwks: keySet, onWarning: () => {} })
const common = verifierFor(jwks)

describe.each(families)('%s', (family) => {
  it.each(cases.filter((one) => one.family === family))(
    'gives the expected verdict on $name',
    async ({ token, expect: expected, ...own }) => {
      const verifier = own.jwks === undefined ? common : verifierFor(own.jwks)
      const result = await verifier.safeVerifyAndParse(token)

      if (result.ok) {
        const { type, id } = result.event
        expect({ verdict: 'accept', status: 200, type, id }).toStrictEqual(expected)
      } else {
        const { code, status } = result.error
        const verdict = code === 'unsupported_event' ? 'unsupported' : 'reject'
        expect({ verdict, status, code }).toStrictEqual(expected)
        expectDiscreet(result.error, token)
      }
    },
  )
})

it('leaves prototypes as they were', () => {
  expect(Object.keys(Object.prototype)).toStrictEqual([])
  expect('isAdmin' in {}).toBe(false)
})

/** The text that an operator's log would show: short, printable, and nothing to replay. */
function expectDiscreet(error: KindeWebhookError, token: string | Uint8Array): void {
  const shown = [String(error), JSON.stringify(error), String(error.cause ?? '')].join(' ')
  const [, payload = '', signature = ''] = (typeof token === 'string' ? token : new TextDecoder().decode(token)).split(
    '.',
  )

  expect(shown.length).toBeLessThan(2_000)
  expect(shown).toMatch(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u)
  for (const part of [payload, signature].filter((text) => text.length > 20)) expect(shown).not.toContain(part)
}
