import {
  HOUR,
  type KeySetServer,
  MINUTE,
  respondWithStatus,
  SECOND,
  serveKeySetForEach,
} from '@kinde-billing/test-support/key-set-server'
import { describe, expect, it, vi } from 'vitest'
import type { BillingVerifier } from '../index.js'

let server: KeySetServer
serveKeySetForEach((started) => {
  server = started
})

const verifyGenuine = (verifier: BillingVerifier) => server.verifyGenuine(verifier)
const verifyForged = (verifier: BillingVerifier) => server.verifyForged(verifier)

describe('an outage at a cold start', () => {
  it('is keys_unavailable for each of 200 calls, costs a few fetches, and ends', async () => {
    server.issuer.respondWith(respondWithStatus(500))
    const verifier = server.createVerifier()
    for (let call = 0; call < 200; call++) {
      expect(await verifyGenuine(verifier)).toBe('keys_unavailable')
      server.now += 10
    }
    expect(server.issuer.requests).toBe(2)
    expect(await verifier.safeVerifyAndParse(await server.forge())).toMatchObject({
      error: {
        code: 'keys_unavailable',
        status: 503,
        retryable: true,
        message: `The key set at ${server.issuer.issuer}/.well-known/jwks could not be fetched (status 500). Check issuer or jwksUri, and that this machine can reach it.`,
      },
    })
    server.issuer.respondWith(undefined)
    server.now += 30 * SECOND
    expect(await verifyGenuine(verifier)).toBe('ok')
  })
})

describe('an outage with a key set in the cache', () => {
  it('is a warning for 24 hours, and an error after them', async () => {
    const verifier = server.createVerifier()
    expect(await verifyGenuine(verifier)).toBe('ok')
    server.issuer.respondWith(respondWithStatus(503))
    for (let minute = 0; minute < 60; minute++) {
      server.now += MINUTE
      expect(await verifyGenuine(verifier)).toBe('ok')
    }
    expect(new Set(server.warnings.map(({ code }) => code))).toEqual(new Set(['stale_keys']))
    server.now += 23 * HOUR + 9 * MINUTE
    expect(await verifyGenuine(verifier)).toBe('ok')
    server.now += 2 * MINUTE
    expect(await verifyGenuine(verifier)).toBe('keys_unavailable')
  })

  it('makes a kid that could not be looked up keys_unavailable, never unknown_key', async () => {
    const verifier = server.createVerifier()
    await verifyGenuine(verifier)
    server.issuer.respondWith(respondWithStatus(500))
    server.now += 31 * SECOND
    expect(await verifyForged(verifier)).toBe('keys_unavailable')
    expect(await verifyForged(verifier)).toBe('keys_unavailable')
    expect(await verifyGenuine(verifier)).toBe('ok')
    expect(server.warnings).toEqual([])
  })

  it('costs one second of waiting when the set expires, and none while that fetch is running', async () => {
    const verifier = server.createVerifier({ keys: { timeoutMs: MINUTE } })
    await verifyGenuine(verifier)
    const { requested } = server.holdResponse()
    server.now += 10 * MINUTE
    const settled: string[] = []
    const waiting = server.verify(verifier, await server.sign(), await server.sign()).then((outcomes) => {
      settled.push(...outcomes)
    })
    await requested
    await vi.advanceTimersByTimeAsync(999)
    expect(settled).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    await waiting
    expect(settled).toEqual(['ok', 'ok'])
    expect(server.issuer.requests).toBe(2)
    expect(server.warnings).toEqual([])
  })

  it('costs no waiting once it is known', async () => {
    const verifier = server.createVerifier({ keys: { timeoutMs: MINUTE } })
    await verifyGenuine(verifier)
    server.issuer.respondWith(respondWithStatus(500))
    server.now += 10 * MINUTE
    await verifyGenuine(verifier)
    const { requested } = server.holdResponse()
    server.now += 2 * SECOND
    // No timer is advanced, and the response is held back.
    expect(await verifyGenuine(verifier)).toBe('ok')
    await requested
    expect(server.warnings.at(-1)?.message).toBe(
      `The key set at ${server.issuer.issuer}/.well-known/jwks cannot be refreshed (status 500). The one fetched 10 min ago is used until it is 1450 min old.`,
    )
  })

  it('ends a fetch that does not settle a second after its time limit', async () => {
    const verifier = server.createVerifier({ keys: { timeoutMs: MINUTE } })
    await verifyGenuine(verifier)
    server.now += 10 * MINUTE
    for (const pauseMs of [61 * SECOND, 0]) {
      const { requested } = server.holdResponse()
      const waiting = verifyGenuine(verifier)
      await requested
      await vi.advanceTimersByTimeAsync(SECOND)
      expect(await waiting).toBe('ok')
      server.now += pauseMs
    }
    expect(server.issuer.requests).toBe(3)
    expect(server.warnings.map(({ message }) => message)).toEqual([expect.stringContaining('(it did not settle)')])
  })
})
