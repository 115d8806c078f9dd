import {
  HOUR,
  type KeySetServer,
  respondWithJson,
  respondWithStatus,
  startKeySetServer,
} from '@kinde-billing/test-support/key-set-server'
import type { KeySetResponder } from '@kinde-billing/testing/server'
import nodeFetch from 'node-fetch'
import { fetch as undiciFetch } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BillingVerifier, BillingVerifierOptions, FetchKeySet } from '../index.js'

let server: KeySetServer
beforeAll(async () => {
  server = await startKeySetServer()
})
afterAll(() => server.issuer.close())
beforeEach(() => {
  server.issuer.respondWith(undefined)
  server.warnings.length = 0
  // No time limit ends unless a test lets time pass.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => vi.useRealTimers())

/** Each verifier has a fetch of its own, so that no key set is shared. */
const createVerifier = (options: Partial<BillingVerifierOptions> = {}) =>
  server.createVerifier({ fetch: (url, init) => fetch(url, init), ...options })

const verifyGenuine = (verifier: BillingVerifier) => server.verifyGenuine(verifier)

/** The message of `keys_unavailable`. */
async function messageOf(verifier: BillingVerifier): Promise<string> {
  const result = await verifier.safeVerifyAndParse(await server.sign())
  return !result.ok && result.error.code === 'keys_unavailable' ? result.error.message : JSON.stringify(result)
}

describe('the request', () => {
  it('is plain, and its signal is aborted when it is over', async () => {
    const requests: { url: string; init: Parameters<FetchKeySet>[1] }[] = []
    const verifier = createVerifier({
      fetch: (url, init) => {
        requests.push({ url, init: { ...init } })
        return fetch(url, init)
      },
    })
    expect(await verifyGenuine(verifier)).toBe('ok')
    expect(requests).toEqual([
      {
        url: `${server.issuer.issuer}/.well-known/jwks`,
        init: { redirect: 'manual', headers: { accept: 'application/json' }, signal: expect.any(AbortSignal) },
      },
    ])
    expect(requests[0]?.init.signal.aborted).toBe(true)
  })

  it.each<{ name: string; fetch: FetchKeySet }>([
    { name: 'undici', fetch: undiciFetch },
    { name: 'node-fetch', fetch: nodeFetch },
  ])('is made by the fetch of $name, whose failures count too', async ({ fetch }) => {
    const before = server.issuer.requests
    const verifier = createVerifier({ fetch })
    expect(await verifyGenuine(verifier)).toBe('ok')
    server.issuer.respondWith(respondWithStatus(302, { location: '/.well-known/jwks.json' }))
    server.now += 25 * HOUR
    expect(await messageOf(verifier)).toMatch(/\(status 302\)/)
    server.issuer.respondWith((_, response) => void response.destroy())
    server.now += HOUR
    expect(await messageOf(verifier)).toMatch(/could not be fetched \(.+\)/)
    expect(server.issuer.requests - before).toBe(3)
  })
})

describe('a response that is not a key set', () => {
  const noKey = /\(it has no key that can verify RS256 signatures\)/
  it.each<{ name: string; responder: KeySetResponder; reason: RegExp }>([
    { name: 'an empty set', responder: respondWithJson({ keys: [] }), reason: noKey },
    { name: 'an error as JSON', responder: respondWithJson({ error: 'unavailable' }), reason: noKey },
    { name: 'a list', responder: respondWithJson([]), reason: noKey },
    { name: 'null members', responder: respondWithJson({ keys: [null, 5, 'x', []] }), reason: noKey },
    { name: 'HTML', responder: (_, response) => void response.end('<html></html>'), reason: /not valid JSON\)/ },
    { name: 'nothing', responder: (_, response) => void response.end(), reason: /JSON input\)/ },
    { name: '403', responder: respondWithStatus(403), reason: /\(status 403\)/ },
    { name: '204', responder: respondWithStatus(204), reason: /\(status 204\)/ },
    {
      name: '201 with keys',
      responder: (_, response) => void response.writeHead(201).end(JSON.stringify(server.issuer.jwks)),
      reason: /\(status 201\)/,
    },
    {
      name: 'a redirect to itself',
      responder: respondWithStatus(302, { location: '/.well-known/jwks' }),
      reason: /\(status 302\)/,
    },
    {
      name: 'a closed connection',
      responder: (_, response) => void response.destroy(),
      // The words of the cause depend on the moment.
      reason: /\(fetch failed \(.+\)\)/,
    },
    {
      name: 'half a body',
      responder: (_, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"keys":[')
        response.destroy()
      },
      reason: /\((the body was cut off|fetch failed)/,
    },
  ])('is a failure ($name), and the last good set serves', async ({ responder, reason }) => {
    const verifier = createVerifier()
    server.issuer.respondWith(responder)
    expect(await messageOf(verifier)).toMatch(reason)
    server.issuer.respondWith(undefined)
    server.now += HOUR
    expect(await verifyGenuine(verifier)).toBe('ok')
    server.issuer.respondWith(responder)
    server.now += HOUR
    expect(await verifyGenuine(verifier)).toBe('ok')
    expect(server.warnings.map(({ code }) => code)).toEqual(['stale_keys'])
  })

  it('is cut off at 256 KiB', async () => {
    let written = 0
    const closed = new Promise<void>((resolve) => {
      server.issuer.respondWith((_, response) => {
        const chunk = Buffer.alloc(64 * 1024, ' ')
        const pump = (): void => {
          while (written < 80_000_000) {
            written += chunk.byteLength
            if (!response.write(chunk)) return void response.once('drain', pump)
          }
        }
        response.on('close', resolve)
        pump()
      })
    })
    expect(await messageOf(createVerifier())).toMatch(/\(the body was cut off, or is larger than 262144 bytes\)/)
    await closed
    expect(written).toBeLessThan(16_000_000)
  })
})

describe('a silent issuer', () => {
  it.each<{ name: string; start: string | undefined }>([
    { name: 'without a response', start: undefined },
    { name: 'in the middle of the body', start: '{"keys":[' },
  ])('is a failure at the time limit $name', async ({ start }) => {
    const requested = new Promise<void>((resolve) => {
      server.issuer.respondWith((_, response) => {
        if (start !== undefined) response.write(start)
        resolve()
      })
    })
    const message = messageOf(createVerifier({ keys: { timeoutMs: 200 } }))
    await requested
    await vi.advanceTimersByTimeAsync(200)
    expect(await message).toMatch(/could not be fetched \(no response within 200 ms\)/)
  })
})

it.each([
  { message: undefined },
  Object.create(null),
  undefined,
  Object.assign(new Error('x'), { cause: { toString: null } }),
])('is keys_unavailable whatever fetch rejects with (%#)', async (reason) => {
  const verifier = createVerifier({ fetch: () => Promise.reject(reason) })
  expect(await verifyGenuine(verifier)).toBe('keys_unavailable')
})
