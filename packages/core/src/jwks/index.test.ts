import { type KeySetServer, respondWithStatus, serveKeySetForEach } from '@kinde-billing/test-support/key-set-server'
import { describe, expect, it } from 'vitest'
import type { BillingVerifier } from '../index.js'

let server: KeySetServer
serveKeySetForEach((started) => {
  server = started
})

const verifyGenuine = (verifier: BillingVerifier) => server.verifyGenuine(verifier)
const verifyForged = (verifier: BillingVerifier) => server.verifyForged(verifier)

describe('a cold start', () => {
  it('costs one fetch for 200 calls', async () => {
    const tokens = await Promise.all(Array.from({ length: 200 }, () => server.sign()))
    expect(new Set(await server.verify(server.createVerifier(), ...tokens))).toEqual(new Set(['ok']))
    expect(server.issuer.requests).toBe(1)
  })

  it('costs no fetch for a malformed token or another algorithm', async () => {
    const verifier = server.createVerifier()
    const hs256 = await server.issuer.sign({}, { header: { alg: 'HS256' } })
    expect(await server.verify(verifier, 'x.y.z', hs256)).toEqual(['malformed_token', 'unsupported_algorithm'])
    expect(server.issuer.requests).toBe(0)
  })
})

describe('a shared key set', () => {
  it('serves verifiers of the same URL, fetch and settings, and no others', async () => {
    for (let call = 0; call < 3; call++) expect(await verifyGenuine(server.createVerifier())).toBe('ok')
    expect(server.issuer.requests).toBe(1)
    await verifyGenuine(server.createVerifier({ keys: { timeoutMs: 4000 } }))
    await verifyGenuine(server.createVerifier({ jwksUri: `${server.issuer.issuer}/.well-known/jwks.json` }))
    await verifyGenuine(server.createVerifier({ fetch: (url, init) => fetch(url, init) }))
    expect(server.issuer.requests).toBe(4)
  })

  it('is dropped if a hundred others were used since', async () => {
    const openOthers = (count: number, from: number) => {
      for (let index = 0; index < count; index++) server.createVerifier({ keys: { staleIfErrorMs: from + index } })
    }
    await verifyGenuine(server.createVerifier())
    openOthers(99, 0)
    await verifyGenuine(server.createVerifier())
    expect(server.issuer.requests).toBe(1)
    openOthers(100, 1000)
    await verifyGenuine(server.createVerifier())
    expect(server.issuer.requests).toBe(2)
  })
})

describe('a flood of forged tokens', () => {
  it('costs one fetch per cooldown, and genuine deliveries do not wait for it', async () => {
    const verifier = server.createVerifier()
    expect(await verifyGenuine(verifier)).toBe('ok')
    server.now += 31_000
    const { requested, release } = server.holdResponse()
    const forgeries = await Promise.all(Array.from({ length: 500 }, () => server.forge()))
    const flood = server.verify(verifier, ...forgeries)
    await requested
    expect(await verifyGenuine(verifier)).toBe('ok')
    release()
    expect(new Set(await flood)).toEqual(new Set(['unknown_key']))
    expect(await verifyForged(verifier)).toBe('unknown_key')
    expect(server.issuer.requests).toBe(2)
  })

  it('costs nothing more right after a cold start', async () => {
    const verifier = server.createVerifier()
    for (let call = 0; call < 50; call++) {
      expect(await verifyForged(verifier)).toBe('unknown_key')
      server.now += 100
    }
    expect(server.issuer.requests).toBe(1)
  })
})

describe('the age of a key set', () => {
  it('can be 0: the call that fetched it uses it', async () => {
    const verifier = server.createVerifier({ keys: { maxAgeMs: 0, cooldownMs: 0, staleIfErrorMs: 0 } })
    for (let call = 1; call <= 3; call++) expect(await verifyGenuine(verifier)).toBe('ok')
    expect(server.issuer.requests).toBe(3)
  })

  it('counts in both directions: a clock that is set back does not keep it fresh', async () => {
    const verifier = server.createVerifier()
    await verifyGenuine(verifier)
    await server.issuer.rotate()
    server.now -= 11 * 60_000
    expect(await verifyGenuine(verifier)).toBe('ok')
    expect(server.issuer.requests).toBe(2)
  })
})

describe('the time of the next attempt', () => {
  it('is in the error', async () => {
    server.issuer.respondWith(respondWithStatus(500))
    const verifier = server.createVerifier()
    const waits: unknown[] = []
    for (const ms of [0, 400, 700, 5000]) {
      server.now += ms
      const result = await verifier.safeVerifyAndParse(await server.sign())
      waits.push(result.ok || result.error.retryAfterMs)
    }
    expect(waits).toEqual([1000, 600, 2000, 4000])
  })

  it('follows a backoff from a second to the cooldown', async () => {
    server.issuer.respondWith(respondWithStatus(500))
    const verifier = server.createVerifier()
    const attempts: number[] = []
    for (let second = 0; second <= 120; second++) {
      const before = server.issuer.requests
      await verifyForged(verifier)
      if (server.issuer.requests > before) attempts.push(second)
      server.now += 1000
    }
    expect(attempts).toEqual([0, 1, 3, 7, 15, 31, 61, 91])
  })
})
