import { compactVerify, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { billingEventFixture, createTestIssuer, type TestKeySet } from './index.js'

const decoded = async (token: string, jwks: TestKeySet) =>
  new TextDecoder().decode((await compactVerify(token, createLocalJWKSet(jwks))).payload)

it('signs as Kinde does: three header members, a colon-separated key id, no claim added', async () => {
  const { issuer, jwks, kid, sign } = await createTestIssuer()
  const claims = billingEventFixture('customer.payment_failed')
  const token = await sign(claims)

  expect(decodeProtectedHeader(token)).toStrictEqual({ alg: 'RS256', kid, typ: 'JWT' })
  expect(kid).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){15}$/)
  expect((await jwtVerify(token, createLocalJWKSet(jwks))).payload).toStrictEqual(claims)
  expect(jwks.keys).toStrictEqual([{ kty: 'RSA', n: expect.any(String), e: 'AQAB', alg: 'RS256', use: 'sig', kid }])
  expect(issuer).toBe('https://test.kinde.com')
})

it('signs strings and bytes unchanged', async () => {
  const { jwks, sign } = await createTestIssuer()

  expect(await decoded(await sign('{"a": 1e400,"a":2}'), jwks)).toBe('{"a": 1e400,"a":2}')
  expect(await decoded(await sign(new Uint8Array([0, 91, 93, 0]).subarray(1, 3)), jwks)).toBe('[]')
  expect(await decoded(await sign([null]), jwks)).toBe('[null]')
})

it('adds, replaces and removes header members, and signs any of them', async () => {
  const { sign } = await createTestIssuer()
  const token = await sign({}, { header: { alg: 'none', kid: undefined, crit: ['exp'] } })

  expect(decodeProtectedHeader(token)).toStrictEqual({ alg: 'none', typ: 'JWT', crit: ['exp'] })
})

it('rotates to a new key, and keeps the old one in the set only with keepOld', async () => {
  const issuer = await createTestIssuer({ issuer: 'https://acme.kinde.com' })
  const [firstSet, firstToken] = [issuer.jwks, await issuer.sign('1')]
  await issuer.rotate({ keepOld: true })
  const [secondSet, secondToken] = [issuer.jwks, await issuer.sign('2')]
  await issuer.rotate()

  expect(await decoded(firstToken, secondSet)).toBe('1')
  expect(await decoded(secondToken, secondSet)).toBe('2')
  expect(await decoded(await issuer.sign('3'), issuer.jwks)).toBe('3')
  await expect(decoded(secondToken, issuer.jwks)).rejects.toThrow('no applicable key')
  expect(firstSet.keys).toHaveLength(1)
  expect(issuer.jwks.keys.map((key) => key.kid)).toStrictEqual([issuer.kid])
  expect(issuer.issuer).toBe('https://acme.kinde.com')
})
