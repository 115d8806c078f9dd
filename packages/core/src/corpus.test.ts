import { adversarialCorpus } from '@kinde-billing/testing/corpus'
import { describe, expect, it } from 'vitest'
import { createBillingVerifier } from './index.js'

const { issuer, now, jwks, cases } = await adversarialCorpus()
const verifierFor = (keys: typeof jwks) =>
  createBillingVerifier({ issuer, now: () => now, jwks: keys, onWarning: () => {} })
const common = verifierFor(jwks)

const families = [...new Set(cases.map(({ family }) => family))]

describe.each(families)('%s', (family) => {
  it.each(cases.filter((one) => one.family === family))('$name', async ({ token, expect: expected, ...own }) => {
    const result = await (own.jwks === undefined ? common : verifierFor(own.jwks)).safeVerifyAndParse(token)

    const actual = result.ok
      ? { verdict: 'accept', status: 200, type: result.event.type, id: result.event.id }
      : {
          verdict: result.error.code === 'unsupported_event' ? 'unsupported' : 'reject',
          status: result.error.status,
          code: result.error.code,
        }
    expect(actual).toStrictEqual(expected)
  })
})
