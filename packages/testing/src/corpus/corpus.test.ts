import { createBillingVerifier, type KindeWebhookErrorCode } from '@kinde-billing/core'
import { base64url, compactVerify, importJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { adversarialCorpus, type CorpusCase, type CorpusFamily } from './index.js'
import { bigintOf, bytesOf } from './rsa.js'
import { genuineBlock, publicJwk, sha256 } from './signers.js'
import { TEST_EC_KEY, TEST_KEYS } from './test-keys.js'

const corpus = await adversarialCorpus()
const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = ({ token }: CorpusCase) => (typeof token === 'string' ? token : new TextDecoder().decode(token))
const codeOf = ({ expect: { verdict, ...rest } }: CorpusCase) => ('code' in rest ? rest.code : verdict)

describe('the corpus as a whole', () => {
  it('is the same at every run, byte for byte', async () => {
    expect(await adversarialCorpus()).toStrictEqual(corpus)
  })

  it('names each case once, and repeats no token', () => {
    const { cases } = corpus
    const inputs = cases.map(({ token, jwks }) => `${base64url.encode(token)} ${JSON.stringify(jwks)}`)

    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
    expect(new Set(inputs).size).toBe(cases.length)
    const ids = cases.flatMap((one) => (one.expect.verdict === 'accept' ? [one.expect.id] : []))
    expect(new Set(ids).size, 'ids, so that an inbox takes no event for a duplicate').toBe(ids.length)
    expect(cases.filter(({ reason }) => reason.length < 10)).toStrictEqual([])
  })

  it('covers every family, with hostile and genuine tokens', () => {
    const count = (family: CorpusFamily) => corpus.cases.filter((one) => one.family === family).length
    const families: Record<CorpusFamily, number> = {
      algorithm: 50,
      header: 60,
      encoding: 50,
      signature: 40,
      keys: 50,
      payload: 80,
      substitution: 40,
      time: 70,
      compatibility: 60,
    }

    for (const [family, least] of Object.entries(families) as [CorpusFamily, number][])
      expect(count(family), family).toBeGreaterThanOrEqual(least)
    const authentic = corpus.cases.filter((one) => one.expect.verdict !== 'reject')
    expect(authentic.length).toBeGreaterThan(100)
  })

  it('has the same results for another time and another issuer', async () => {
    const now = Date.UTC(2031, 11, 31, 23, 58, 30, 250)
    const issuer = 'http://127.0.0.1:8787'
    const { jwks, cases } = await adversarialCorpus({ now, issuer })

    expect(cases.map(({ name }) => name)).toStrictEqual(corpus.cases.map(({ name }) => name))
    for (const one of cases) {
      const verifier = createBillingVerifier({ issuer, now: () => now, jwks: one.jwks ?? jwks, onWarning: () => {} })
      const result = await verifier.safeVerifyAndParse(one.token)
      expect(result.ok ? 'accept' : result.error.code, one.name).toBe(codeOf(one))
    }
  })
})

describe('hostile tokens are what they say', () => {
  const named = (name: string): CorpusCase => {
    const found = corpus.cases.find((one) => one.name === name)
    if (found === undefined) throw new Error(`no case ${name}`)
    return found
  }

  it('signs well what is refused for its claims, so that nothing else is to blame', async () => {
    const key = await importJWK(publicJwk(TEST_KEYS.issuer), 'RS256')
    const codes: KindeWebhookErrorCode[] = ['invalid_payload', 'issuer_mismatch', 'token_not_current']
    const refused = corpus.cases.filter((one) =>
      [...codes, 'not_a_webhook', 'timestamp_out_of_range', 'unsupported_event'].includes(codeOf(one)),
    )

    expect(refused.length).toBeGreaterThan(200)
    for (const one of refused) await expect(compactVerify(textOf(one), key), one.name).resolves.toBeDefined()
  })

  it('signs with a weak key as well as with a good one', async () => {
    const { bits1024, bits2047, exponent3 } = TEST_KEYS
    const weak = [
      { name: 'key of 1024 bits', key: bits1024 },
      { name: 'key of 2047 bits', key: bits2047 },
      { name: 'key with exponent 3', key: exponent3 },
    ]
    for (const { name, key } of weak) {
      const [header, payload, encoded = ''] = textOf(named(name)).split('.')
      const signature = new Uint8Array(base64url.decode(encoded))
      const { kty, n, e } = publicJwk(key)
      const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      const imported = await crypto.subtle.importKey('jwk', { kty, n, e }, algorithm, false, ['verify'])
      const verified = crypto.subtle.verify(algorithm, imported, signature, bytes(`${header}.${payload}`))
      expect(await verified, name).toBe(true)
    }
  })

  it('has a good ES256 signature, made with a nonce that never changes', async () => {
    const { x, y } = TEST_EC_KEY
    const key = await importJWK({ kty: 'EC', crv: 'P-256', x, y }, 'ES256')

    await expect(compactVerify(textOf(named('ES256, well signed by a key of the set')), key)).resolves.toBeDefined()
  })

  it('has forgeries for the exponent 3 whose cubes lax parsers take for padded digests', async () => {
    const cubeOf = async (name: string) => {
      const [header, payload, signature = ''] = textOf(named(name)).split('.')
      const cube = bytesOf(bigintOf(base64url.decode(signature)) ** 3n, 256)
      return { cube, genuine: genuineBlock(await sha256(bytes(`${header}.${payload}`))) }
    }
    const prefix = await cubeOf('exponent 3, a cube root for a block that ends in noise')
    const suffix = await cubeOf('exponent 3, a cube root for a block with noise as its padding')

    // 00 01, 8 × FF, 00, then DigestInfo and digest, as the genuine block has them at its end
    expect(prefix.cube.subarray(0, 10)).toStrictEqual(prefix.genuine.subarray(0, 10))
    expect(prefix.cube.subarray(10, 62)).toStrictEqual(prefix.genuine.subarray(204))
    expect(suffix.cube.subarray(0, 30)).toStrictEqual(suffix.genuine.subarray(0, 30))
    expect(suffix.cube.subarray(204)).toStrictEqual(suffix.genuine.subarray(204))
  })
})
