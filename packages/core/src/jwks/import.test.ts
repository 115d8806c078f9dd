import {
  type KeySetServer,
  respondWithJson,
  startKeySetServer,
  stranger,
} from '@kinde-billing/test-support/key-set-server'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

type Jwk = Record<string, unknown>

const [other] = stranger.jwks.keys
let server: KeySetServer
beforeAll(async () => {
  server = await startKeySetServer()
})
afterAll(() => server.issuer.close())
afterEach(() => vi.restoreAllMocks())

/** The outcome for a token whose key is served in a set that `toMembers` makes of it. */
async function verifyWith(toMembers: (key: Jwk) => unknown[]): Promise<string> {
  const [key] = server.issuer.jwks.keys
  server.issuer.respondWith(respondWithJson({ keys: toMembers({ ...key }) }))
  // A fetch of its own, so that no key set is shared with another test.
  const verifier = server.createVerifier({ fetch: (url, init) => fetch(url, init), keys: { timeoutMs: 60_000 } })
  return (await server.verify(verifier, await server.sign())).join()
}

describe('a member of the key set', () => {
  it.each<{ name: string; toMembers: (key: Jwk) => unknown[] }>([
    { name: 'without use and alg', toMembers: ({ use, alg, ...key }) => [key] },
    { name: 'with key_ops', toMembers: (key) => [{ ...key, key_ops: ['verify'] }] },
    {
      name: 'beside unusable ones',
      toMembers: (key) => [null, { kty: 'oct', kid: key['kid'], k: 'AA' }, { ...key, n: '!' }, key],
    },
    { name: 'that is the second of its kid', toMembers: (key) => [{ ...other, kid: key['kid'] }, key] },
    {
      name: 'that is the fourth of its kid',
      toMembers: (key) => [...Array(3).fill({ ...other, kid: key['kid'] }), key],
    },
  ])('verifies $name', async ({ toMembers }) => {
    expect(await verifyWith(toMembers)).toBe('ok')
  })

  it.each<{ name: string; change: Jwk | ((key: Jwk) => Jwk) }>([
    { name: 'for encryption', change: { use: 'enc' } },
    { name: 'for other operations', change: { key_ops: ['encrypt'] } },
    { name: 'for another algorithm', change: { alg: 'RS512' } },
    { name: 'without a kid', change: ({ kid, ...key }) => key },
    { name: 'of another kind', change: { kty: 'EC' } },
    { name: 'with exponent 1', change: { e: 'AQ' } },
    { name: 'with exponent 3', change: { e: 'Aw' } },
    { name: 'with an even exponent', change: { e: 'AQAC' } },
    { name: 'that is too short', change: (key) => ({ ...key, n: String(key['n']).slice(0, 300) }) },
    { name: 'that is too long', change: (key) => ({ ...key, n: String(key['n']).repeat(9) }) },
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth'].map((member) => ({
      name: `whose private half is published (${member})`,
      change: { [member]: 'AQAB' },
    })),
  ])('does not verify $name', async ({ change }) => {
    const toMembers = (key: Jwk) => [other, typeof change === 'function' ? change(key) : { ...key, ...change }]
    expect(await verifyWith(toMembers)).toBe('unknown_key')
  })

  it('does not spoil the set if the runtime refuses it', async () => {
    vi.spyOn(crypto.subtle, 'importKey').mockRejectedValueOnce(new Error('not supported'))
    expect(await verifyWith((key) => [{ ...other, kid: key['kid'] }, key])).toBe('ok')
  })

  it('is not tried if it is the fifth of its kid', async () => {
    expect(await verifyWith((key) => [...Array(4).fill({ ...other, kid: key['kid'] }), key])).toBe('invalid_signature')
  })
})
