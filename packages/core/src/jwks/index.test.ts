import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { type KeySetResponder, startTestIssuer, type TestIssuerServer } from '@kinde-billing/testing/server'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type BillingVerifierOptions, type BillingWarning, createBillingVerifier } from '../index.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const stranger = await createTestIssuer()
const [other] = stranger.jwks.keys

let issuer: TestIssuerServer
let now: number
let warnings: BillingWarning[]
beforeEach(async () => {
  issuer = await startTestIssuer()
  now = Date.now()
  warnings = []
})
afterEach(() => issuer.close())

const verifier = (options: Partial<BillingVerifierOptions> = {}) =>
  createBillingVerifier({
    issuer: issuer.issuer,
    now: () => now,
    onWarning: (warning) => warnings.push(warning),
    ...options,
  })

const fixture = () => billingEventFixture('customer.payment_succeeded', { timestamp: new Date(now).toISOString() })
const genuine = () => issuer.sign(fixture())
const forged = (kid = crypto.randomUUID()) => stranger.sign(fixture(), { header: { kid } })

async function outcome(judge: ReturnType<typeof verifier>, token: string): Promise<string> {
  const result = await judge.safeVerifyAndParse(token)
  return result.ok ? 'ok' : result.error.code
}

/** Answers of an issuer that is out of order. */
type ServerResponse = Parameters<KeySetResponder>[1]

const json = (value: unknown) => (_: unknown, response: ServerResponse) => void response.end(JSON.stringify(value))
const answering =
  (status: number, headers: Record<string, string> = {}) =>
  (_: unknown, response: ServerResponse) =>
    void response.writeHead(status, headers).end(JSON.stringify(issuer.jwks))
const hanging = () => {}
const halfABody = (_: unknown, response: ServerResponse) => void response.write('{"keys":[')

describe('a cold start', () => {
  it('of 200 calls costs one fetch', async () => {
    const judge = verifier()
    const tokens = await Promise.all(Array.from({ length: 200 }, genuine))
    expect(new Set(await Promise.all(tokens.map((token) => outcome(judge, token))))).toEqual(new Set(['ok']))
    expect(issuer.requests).toBe(1)
  })

  it('is shared by verifiers of the same URL, fetch and settings, and by no others', async () => {
    for (let call = 0; call < 3; call++) expect(await outcome(verifier(), await genuine())).toBe('ok')
    expect(issuer.requests).toBe(1)
    await outcome(verifier({ keys: { timeoutMs: 4000 } }), await genuine())
    await outcome(verifier({ jwksUri: `${issuer.issuer}/.well-known/jwks.json` }), await genuine())
    await outcome(verifier({ fetch: (url, init) => fetch(url, init) }), await genuine())
    expect(issuer.requests).toBe(4)
  })

  it('costs no fetch for what is malformed or of another algorithm', async () => {
    expect(await outcome(verifier(), 'x.y.z')).toBe('malformed_token')
    expect(await outcome(verifier(), await issuer.sign(fixture(), { header: { alg: 'HS256' } }))).toBe(
      'unsupported_algorithm',
    )
    expect(issuer.requests).toBe(0)
  })
})

it('a hundred key sets are kept: the one that was longest unused goes', async () => {
  const openOthers = (count: number, from: number) => {
    for (let index = 0; index < count; index++) verifier({ keys: { staleIfErrorMs: from + index } })
  }
  await outcome(verifier(), await genuine())
  openOthers(99, 0)
  await outcome(verifier(), await genuine())
  expect(issuer.requests).toBe(1)
  openOthers(100, 1000)
  await outcome(verifier(), await genuine())
  expect(issuer.requests).toBe(2)
})

describe('a flood of forged tokens', () => {
  it('costs at most one fetch per cooldown, and genuine deliveries wait for none', async () => {
    const judge = verifier()
    expect(await outcome(judge, await genuine())).toBe('ok')
    now += 31_000
    let release = (): void => {}
    const held = new Promise<void>((asked) => {
      issuer.respondWith((_, response) => {
        release = () => void response.end(JSON.stringify(issuer.jwks))
        asked()
      })
    })
    const flood = Promise.all(
      (await Promise.all(Array.from({ length: 500 }, () => forged()))).map((token) => outcome(judge, token)),
    )
    await held
    expect(await outcome(judge, await genuine())).toBe('ok')
    release()
    expect(new Set(await flood)).toEqual(new Set(['unknown_key']))
    expect(await outcome(judge, await forged())).toBe('unknown_key')
    expect(issuer.requests).toBe(2)
  })

  it('right after a cold start costs nothing more', async () => {
    const judge = verifier()
    for (let call = 0; call < 50; call++) {
      expect(await outcome(judge, await forged())).toBe('unknown_key')
      now += 100
    }
    expect(issuer.requests).toBe(1)
  })
})

describe('an outage', () => {
  it('of a cold process is keys_unavailable for all of 200 calls, at a few fetches, and says when to try again', async () => {
    issuer.respondWith(answering(500))
    const judge = verifier()
    for (let call = 0; call < 200; call++) {
      const result = await judge.safeVerifyAndParse(await genuine())
      expect(result).toMatchObject({ ok: false, error: { code: 'keys_unavailable', status: 503, retryable: true } })
      now += 10
    }
    expect(issuer.requests).toBe(2)
    expect(await judge.safeVerifyAndParse(await forged())).toMatchObject({
      ok: false,
      error: { code: 'keys_unavailable', message: expect.stringContaining('answered 500') },
    })
    issuer.respondWith(undefined)
    now += 30_000
    expect(await outcome(judge, await genuine())).toBe('ok')
  })

  it('backs off from a second up to the cooldown', async () => {
    issuer.respondWith(answering(500))
    const judge = verifier()
    const asked: number[] = []
    for (let second = 0; second <= 120; second++) {
      const before = issuer.requests
      await outcome(judge, await forged('same'))
      if (issuer.requests > before) asked.push(second)
      now += 1000
    }
    expect(asked).toEqual([0, 1, 3, 7, 15, 31, 61, 91])
  })

  it('of an hour is not noticed by a warm process, but for a warning; of more than 24 hours it is', async () => {
    const judge = verifier()
    expect(await outcome(judge, await genuine())).toBe('ok')
    issuer.respondWith(answering(503))
    for (let minute = 0; minute < 60; minute++) {
      now += MINUTE
      expect(await outcome(judge, await genuine())).toBe('ok')
    }
    expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(['stale_keys']))
    now += 23 * HOUR + 9 * MINUTE
    expect(await outcome(judge, await genuine())).toBe('ok')
    now += 2 * MINUTE
    expect(await outcome(judge, await genuine())).toBe('keys_unavailable')
  })

  it('makes a kid that could not be looked up keys_unavailable, never unknown_key', async () => {
    const judge = verifier()
    await outcome(judge, await genuine())
    issuer.respondWith(answering(500))
    now += 31_000
    expect(await outcome(judge, await forged())).toBe('keys_unavailable')
    expect(await outcome(judge, await forged())).toBe('keys_unavailable')
    expect(await outcome(judge, await genuine())).toBe('ok')
    expect(warnings).toEqual([])
  })

  it('that begins when a set expires costs a second of waiting at most, then none', async () => {
    const judge = verifier({ keys: { timeoutMs: 60_000 } })
    await outcome(judge, await genuine())
    issuer.respondWith(hanging)
    now += 10 * MINUTE
    const startedAt = performance.now()
    expect(await Promise.all([outcome(judge, await genuine()), outcome(judge, await genuine())])).toEqual(['ok', 'ok'])
    expect(performance.now() - startedAt).toBeGreaterThan(900)
    now += 60_500
    expect(await outcome(judge, await genuine())).toBe('ok')
    expect(issuer.requests).toBe(2)
    expect(warnings).toEqual([])
  })

  it('that keeps a fetch from ever settling is one, a second after its time', async () => {
    const judge = verifier({ keys: { timeoutMs: 60_000 } })
    await outcome(judge, await genuine())
    issuer.respondWith(hanging)
    now += 10 * MINUTE
    await outcome(judge, await genuine())
    now += 61_000
    expect(await outcome(judge, await genuine())).toBe('ok')
    expect(issuer.requests).toBe(3)
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('(it did not settle)')])
  })

  it('that is known of costs no waiting at all', async () => {
    const judge = verifier({ keys: { timeoutMs: 60_000 } })
    await outcome(judge, await genuine())
    issuer.respondWith(answering(500))
    now += 10 * MINUTE
    await outcome(judge, await genuine())
    issuer.respondWith(hanging)
    now += 2000
    const startedAt = performance.now()
    expect(await outcome(judge, await genuine())).toBe('ok')
    expect(performance.now() - startedAt).toBeLessThan(900)
    expect(warnings.at(-1)?.message).toMatch(
      /^The key set at http:\/\/127\.0\.0\.1:\d+\/\.well-known\/jwks cannot be refreshed \(it answered 500\)\. The one fetched 10 min ago serves until it is 1450 min old\.$/,
    )
  })

  it('says how long to wait', async () => {
    issuer.respondWith(answering(500))
    const judge = verifier()
    const waits: unknown[] = []
    for (const ms of [0, 400, 700, 5000]) {
      now += ms
      const result = await judge.safeVerifyAndParse(await genuine())
      waits.push(result.ok || result.error.retryAfterMs)
    }
    expect(waits).toEqual([1000, 600, 2000, 4000])
  })
})

describe('an answer that is no key set', () => {
  const strangeSets: [string, KeySetResponder, RegExp][] = [
    ['an empty set', json({ keys: [] }), /holds no key that may verify/],
    ['an error as JSON', json({ error: 'unavailable' }), /holds no key/],
    ['HTML', (_, response) => void response.end('<html></html>'), /not valid JSON/],
    ['a list', json([]), /holds no key/],
    ['null members', json({ keys: [null, 5, 'x', []] }), /holds no key/],
    ['403', answering(403), /\(it answered 403\)/],
    ['204', (_, response) => void response.writeHead(204).end(), /answered 204/],
    ['201', answering(201), /\(it answered 201\)/],
    ['a redirect to itself', answering(302, { location: '/.well-known/jwks' }), /answered 302/],
    ['a closed connection', (_, response) => void response.destroy(), /fetch failed, other side closed/],
    ['half a body, then silence', halfABody, /\(no answer within 200 ms\)|broke off/],
    ['silence', hanging, /\(no answer within 200 ms\)/],
  ]
  it.each(strangeSets)('%s is a failure, and the last good set goes on serving', async (_, responder, reason) => {
    const judge = verifier({ keys: { timeoutMs: 200 } })
    issuer.respondWith(responder)
    expect(await judge.safeVerifyAndParse(await genuine())).toMatchObject({
      error: { code: 'keys_unavailable', message: expect.stringMatching(reason) },
    })
    issuer.respondWith(undefined)
    now += HOUR
    expect(await outcome(judge, await genuine())).toBe('ok')
    issuer.respondWith(responder)
    now += HOUR
    expect(await outcome(judge, await genuine())).toBe('ok')
    expect(warnings.map(({ code }) => code)).toEqual(['stale_keys'])
  })

  it('of 80 MB is cut off', async () => {
    let written = 0
    const closed = new Promise<void>((resolve) => {
      issuer.respondWith((_, response) => {
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
    expect(await verifier().safeVerifyAndParse(await genuine())).toMatchObject({
      error: { code: 'keys_unavailable', message: expect.stringMatching(/broke off, or is larger than 262144 bytes/) },
    })
    await closed
    expect(written).toBeLessThan(16_000_000)
  })
})

it('is asked for plainly, and a fetch that is over is told so', async () => {
  const asked: [string, RequestInit][] = []
  const judge = verifier({
    fetch: (url, init) => {
      asked.push([url, { ...init }])
      return fetch(url, init)
    },
  })
  expect(await outcome(judge, await genuine())).toBe('ok')
  const [url, init] = asked[0] ?? []
  expect(url).toBe(`${issuer.issuer}/.well-known/jwks`)
  expect(init).toEqual({ redirect: 'manual', headers: { accept: 'application/json' }, signal: expect.any(AbortSignal) })
  expect(init?.signal?.aborted).toBe(true)
})

describe('rotation', () => {
  it('is noticed at once, when the cooldown has passed', async () => {
    const judge = verifier()
    await outcome(judge, await genuine())
    await issuer.rotate({ keepOld: true })
    expect(await outcome(judge, await genuine())).toBe('unknown_key')
    now += 30_000
    expect(await outcome(judge, await genuine())).toBe('ok')
  })

  it('ends the old key within ten minutes, and no outage revives it', async () => {
    const judge = verifier()
    const old = await genuine()
    await outcome(judge, old)
    await issuer.rotate()
    now += 10 * MINUTE - 1
    expect(await outcome(judge, old)).toBe('ok')
    now += 1
    expect(await outcome(judge, old)).toBe('unknown_key')
    issuer.respondWith(answering(500))
    now += HOUR
    expect(await outcome(judge, old)).toBe('keys_unavailable')
    expect(await outcome(judge, await genuine())).toBe('ok')
  })

  it('is waited for by all that come while the key set is asked for', async () => {
    const judge = verifier()
    await outcome(judge, await genuine())
    await issuer.rotate({ keepOld: true })
    now += 30_000
    const tokens = [await genuine(), await genuine()]
    expect(await Promise.all(tokens.map((token) => outcome(judge, token)))).toEqual(['ok', 'ok'])
    expect(issuer.requests).toBe(2)
  })

  it('ends the old key for all that come while an expired set is refreshed', async () => {
    const judge = verifier()
    const old = await genuine()
    await outcome(judge, old)
    await issuer.rotate()
    now += 10 * MINUTE
    const outcomes = await Promise.all([outcome(judge, old), outcome(judge, old)])
    expect(outcomes).toEqual(['unknown_key', 'unknown_key'])
  })

  it('ends the old key also after a quiet time that began with a failed refresh', async () => {
    const judge = verifier()
    const old = await genuine()
    await outcome(judge, old)
    issuer.respondWith(answering(500))
    now += 11 * MINUTE
    expect(await outcome(judge, old)).toBe('ok')
    issuer.respondWith(undefined)
    await issuer.rotate()
    now += 20 * HOUR
    expect(await outcome(judge, old)).toBe('unknown_key')
  })

  it('is not undone by an older fetch that settles late', async () => {
    const judge = verifier({ keys: { timeoutMs: 60_000 } })
    const old = await genuine()
    const oldSet = JSON.stringify(issuer.jwks)
    let settle = (): void => {}
    const held = new Promise<void>((asked) => {
      issuer.respondWith((_, response) => {
        settle = () => void response.end(oldSet)
        asked()
      })
    })
    const first = outcome(judge, old)
    await held
    await issuer.rotate()
    issuer.respondWith(undefined)
    now += 62_000
    expect(await outcome(judge, await genuine())).toBe('ok')
    settle()
    expect(await first).not.toBe('ok')
    expect(await outcome(judge, old)).toBe('unknown_key')
  })
})

it('a set that may not be kept at all is used by the call that fetched it', async () => {
  const judge = verifier({ keys: { maxAgeMs: 0, cooldownMs: 0, staleIfErrorMs: 0 } })
  for (let call = 1; call <= 3; call++) expect(await outcome(judge, await genuine())).toBe('ok')
  expect(issuer.requests).toBe(3)
})

it.each([
  { message: undefined },
  Object.create(null),
  undefined,
  Object.assign(new Error('x'), { cause: { toString: null } }),
])('a fetch that rejects with something odd is an outage: %#', async (reason) => {
  expect(await outcome(verifier({ fetch: () => Promise.reject(reason) }), await genuine())).toBe('keys_unavailable')
})

it('a clock that is set back does not make a set fresh for ever', async () => {
  const judge = verifier()
  const old = await genuine()
  await outcome(judge, old)
  await issuer.rotate()
  now -= 11 * MINUTE
  expect(await outcome(judge, await genuine())).toBe('ok')
  expect(issuer.requests).toBe(2)
})

describe('which members of a set may verify', () => {
  const judgeBy = async (members: (key: Record<string, unknown>) => unknown[]) => {
    const signer = await createTestIssuer()
    const [key] = signer.jwks.keys
    issuer.respondWith(json({ keys: members({ ...key }) }))
    return outcome(verifier(), await signer.sign(fixture()))
  }

  it.each<[string, (key: Record<string, unknown>) => unknown[]]>([
    ['one without use and alg', ({ use, alg, ...key }) => [key]],
    ['one with key_ops', (key) => [{ ...key, key_ops: ['verify'] }]],
    ['one among strange members', (key) => [null, { kty: 'oct', kid: key['kid'], k: 'AA' }, { ...key, n: '!' }, key]],
    ['the second of one kid', (key) => [{ ...other, kid: key['kid'] }, key]],
    ['the fourth of one kid', (key) => [...Array(3).fill({ ...other, kid: key['kid'] }), key]],
  ])('%s', async (_, members) => {
    expect(await judgeBy(members)).toBe('ok')
  })

  it.each<[string, (key: Record<string, unknown>) => unknown[]]>([
    ['one for encryption', (key) => [other, { ...key, use: 'enc' }]],
    ['one for other operations', (key) => [other, { ...key, key_ops: ['encrypt'] }]],
    ['one pinned to another algorithm', (key) => [other, { ...key, alg: 'RS512' }]],
    ['one without a kid', ({ kid, ...key }) => [other, key]],
    ['one of another kind', (key) => [other, { ...key, kty: 'EC' }]],
    ['one with exponent 1', (key) => [other, { ...key, e: 'AQ' }]],
    ['one with exponent 3', (key) => [other, { ...key, e: 'Aw' }]],
    ['one with an even exponent', (key) => [other, { ...key, e: 'AQAC' }]],
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth'].map((member): [string, (key: Record<string, unknown>) => unknown[]] => [
      `one whose private half is published (${member})`,
      (key) => [other, { ...key, [member]: 'AQAB' }],
    ]),
    ['one that is too short', (key) => [other, { ...key, n: String(key['n']).slice(0, 300) }]],
    ['one that is too long', (key) => [other, { ...key, n: String(key['n']).repeat(9) }]],
  ])('not %s', async (_, members) => {
    expect(await judgeBy(members)).toBe('unknown_key')
  })

  it('not one that the runtime does not take, which spoils no other', async () => {
    vi.spyOn(crypto.subtle, 'importKey').mockRejectedValueOnce(new Error('not supported'))
    expect(await judgeBy((key) => [{ ...other, kid: key['kid'] }, key])).toBe('ok')
    vi.restoreAllMocks()
  })

  it('not the fifth of one kid', async () => {
    expect(await judgeBy((key) => [...Array(4).fill({ ...other, kid: key['kid'] }), key])).toBe('invalid_signature')
  })
})
