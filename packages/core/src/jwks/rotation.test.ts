import {
  HOUR,
  type KeySetServer,
  MINUTE,
  respondWithStatus,
  SECOND,
  serveKeySetForEach,
} from '@kinde-billing/test-support/key-set-server'
import { describe, expect, it } from 'vitest'
import type { BillingVerifier } from '../index.js'

let server: KeySetServer
let verifier: BillingVerifier
/** A token of the first key, which the verifier has fetched. */
let old: string

serveKeySetForEach(async (started) => {
  server = started
  verifier = server.createVerifier()
  old = await server.sign()
  await server.verify(verifier, old)
})

const verifyGenuine = () => server.verifyGenuine(verifier)
const verifyOld = async () => (await server.verify(verifier, old)).join()

describe('a new key', () => {
  it('is found as soon as the cooldown has passed', async () => {
    await server.issuer.rotate({ keepOld: true })
    expect(await verifyGenuine()).toBe('unknown_key')
    server.now += 30 * SECOND
    expect(await verifyGenuine()).toBe('ok')
  })

  it('is waited for by all calls that arrive while the key set is fetched', async () => {
    await server.issuer.rotate({ keepOld: true })
    server.now += 30 * SECOND
    expect(await server.verify(verifier, await server.sign(), await server.sign())).toEqual(['ok', 'ok'])
    expect(server.issuer.requests).toBe(2)
  })
})

describe('a removed key', () => {
  it('is refused within ten minutes, and an outage does not revive it', async () => {
    await server.issuer.rotate()
    server.now += 10 * MINUTE - 1
    expect(await verifyOld()).toBe('ok')
    server.now += 1
    expect(await verifyOld()).toBe('unknown_key')
    server.issuer.respondWith(respondWithStatus(500))
    server.now += HOUR
    expect(await verifyOld()).toBe('keys_unavailable')
    expect(await verifyGenuine()).toBe('ok')
  })

  it('is refused for all calls that arrive while an expired set is refreshed', async () => {
    await server.issuer.rotate()
    server.now += 10 * MINUTE
    expect(await server.verify(verifier, old, old)).toEqual(['unknown_key', 'unknown_key'])
  })

  it('is refused after a quiet time that began with a failed refresh', async () => {
    server.issuer.respondWith(respondWithStatus(500))
    server.now += 11 * MINUTE
    expect(await verifyOld()).toBe('ok')
    server.issuer.respondWith(undefined)
    await server.issuer.rotate()
    server.now += 20 * HOUR
    expect(await verifyOld()).toBe('unknown_key')
  })

  it('is not brought back by an older fetch that settles late', async () => {
    verifier = server.createVerifier({ keys: { timeoutMs: MINUTE } })
    const { requested, release } = server.holdResponse()
    const first = verifyOld()
    await requested
    await server.issuer.rotate()
    server.issuer.respondWith(undefined)
    server.now += 62 * SECOND
    expect(await verifyGenuine()).toBe('ok')
    release()
    expect(await first).not.toBe('ok')
    expect(await verifyOld()).toBe('unknown_key')
  })
})
