import { DiscardEvent, type InboxDelivery } from '@kinde-billing/core/receiver'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createRedisInbox, type RedisClient } from './index.js'
import { CLAIM, MARK, RELEASE } from './scripts.js'

const delivery: InboxDelivery = {
  key: 'https://acme.kinde.com billing event_1',
  eventId: 'event_1',
  type: 'customer.plan_changed',
  occurredAt: new Date('2026-05-01T07:41:45.592Z'),
  leaseMs: 60_000,
  retentionMs: 3_600_000,
  customer: undefined,
  claims: {},
  redelivery: false,
  answered: new AbortController().signal,
}
const nothing = async () => {}
const down = new Error('the store is down')

/**
 * A client whose scripts answer in turn; the last answer repeats. For faults that a real server cannot be brought to.
 */
function scripted(...answers: (number | Error)[]) {
  const calls: unknown[][] = []
  const scripts: unknown[] = []
  const answer = async (script: string, ...call: unknown[]): Promise<unknown> => {
    scripts.push(script)
    calls.push(call)
    const next = answers.length > 1 ? answers.shift() : answers[0]
    if (next instanceof Error) throw next
    return next
  }
  return {
    calls,
    scripts,
    nodeRedis: { eval: answer, isOpen: true },
    ioredis: { eval: answer, defineCommand: () => {}, status: 'ready' },
    upstash: { eval: answer, createScript: () => {} },
  }
}

afterEach(() => void vi.useRealTimers())

describe('the client', () => {
  const key = `kinde-billing:${delivery.key}`
  const token = expect.any(String)

  it('calls eval of node-redis with one key', async () => {
    const { nodeRedis, calls } = scripted(1, 1)
    await createRedisInbox({ client: nodeRedis, prefix: 'app:' }).once(delivery, nothing)
    const keys = [`app:${delivery.key}`]
    expect(calls).toEqual([
      [{ keys, arguments: [token, '60000', '3600000'] }],
      [{ keys, arguments: [token, '3600000'] }],
    ])
  })

  it('calls eval of ioredis with one key', async () => {
    const { ioredis, calls } = scripted(1, 1)
    await createRedisInbox({ client: ioredis }).once(delivery, nothing)
    expect(calls).toEqual([
      [1, key, token, '60000', '3600000'],
      [1, key, token, '3600000'],
    ])
  })

  it('calls eval of @upstash/redis with one key', async () => {
    const { upstash, calls } = scripted(1, 1)
    await createRedisInbox({ client: upstash }).once(delivery, nothing)
    expect(calls).toEqual([
      [[key], [token, '60000', '3600000']],
      [[key], [token, '3600000']],
    ])
  })

  it.each([undefined, null, {}, 'redis://127.0.0.1:6379', { eval: 'no' }])('refuses %j', (client) => {
    const create = () => createRedisInbox({ client: client as unknown as RedisClient })
    expect(create).toThrow('Pass a connected client of "redis" 5 or 6, of "ioredis" 5 or 6, or of "@upstash/redis".')
  })
})

it.each([7, null, 'x'.repeat(129)])('refuses %j as a prefix', (prefix) => {
  const create = () => createRedisInbox({ client: scripted().nodeRedis, prefix: prefix as string })
  expect(create).toThrow('pass a string of at most 128 characters')
})

it('refuses an option that does not exist, and names the closest', () => {
  const create = () => createRedisInbox({ clinet: scripted().nodeRedis } as never)
  expect(create).toThrow('createRedisInbox has no option "clinet": did you mean "client"?')
  expect(() => createRedisInbox(undefined as never)).toThrow('client: it has no eval()')
})

describe('a store that fails', () => {
  it('is asked again at once, at each step', async () => {
    const { nodeRedis } = scripted(down, 1, down, 1)
    expect(await createRedisInbox({ client: nodeRedis }).once(delivery, nothing)).toBe('processed')
  })

  it('rejects with its error at the claim, and runs nothing', async () => {
    let runs = 0
    const { nodeRedis, scripts } = scripted(down)
    const attempt = createRedisInbox({ client: nodeRedis }).once(delivery, async () => {
      runs += 1
    })
    await expect(attempt).rejects.toBe(down)
    expect(runs).toBe(0)
    expect(scripts).toEqual([CLAIM, CLAIM])
  })

  it('is asked for the mark with growing delays, and no second run', async () => {
    vi.useFakeTimers()
    let runs = 0
    const { nodeRedis, scripts } = scripted(1, ...Array<Error>(10).fill(down), 1)
    const attempt = createRedisInbox({ client: nodeRedis }).once(delivery, async () => {
      runs += 1
    })
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await attempt).toBe('processed')
    expect(runs).toBe(1)
    expect(scripts).toEqual([CLAIM, ...Array<string>(11).fill(MARK)])
  })

  it('is asked for the mark until the lease ends, then rejects with its error', async () => {
    vi.useFakeTimers()
    const { nodeRedis, scripts } = scripted(1, down)
    const attempt = createRedisInbox({ client: nodeRedis }).once(delivery, nothing)
    const rejected = expect(attempt).rejects.toBe(down)
    await vi.advanceTimersByTimeAsync(delivery.leaseMs - 1)
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    await rejected
    expect(vi.getTimerCount()).toBe(0)
    // 30 to 60 attempts at up to 2 s each, and a handful before.
    expect(scripts.length).toBeGreaterThan(30)
    expect(scripts.length).toBeLessThan(80)
  })

  it.each(['node-redis', 'ioredis'] as const)('rejects at the mark if the application has closed %s', async (kind) => {
    const { nodeRedis, ioredis } = scripted(1, down)
    const client = kind === 'ioredis' ? ioredis : nodeRedis
    const attempt = createRedisInbox({ client }).once(delivery, async () => {
      nodeRedis.isOpen = false
      ioredis.status = 'end'
    })
    await expect(attempt).rejects.toBe(down)
  })

  it('rejects at the release with what the handler threw, and goes on releasing', async () => {
    vi.useFakeTimers()
    const thrown = new Error('the handler fails')
    const { nodeRedis, scripts } = scripted(1, down, down, down, 1)
    const attempt = createRedisInbox({ client: nodeRedis }).once(delivery, () => Promise.reject(thrown))
    await expect(attempt).rejects.toBe(thrown)
    await vi.advanceTimersByTimeAsync(delivery.leaseMs)
    expect(scripts).toEqual([CLAIM, ...Array<string>(4).fill(RELEASE)])
  })

  it('rejects at the mark if it lost the claim, and the signal has fired', async () => {
    let given: AbortSignal | undefined
    const attempt = createRedisInbox({ client: scripted(1, 0).nodeRedis }).once(delivery, async (_, signal) => {
      given = signal
    })
    await expect(attempt).rejects.toThrow('The claim was lost before the mark')
    expect(given?.aborted).toBe(true)
  })

  it('rejects if it lost the claim of an event that is discarded', async () => {
    const discarding = () => Promise.reject(new DiscardEvent('no such plan'))
    const attempt = createRedisInbox({ client: scripted(1, 0).nodeRedis }).once(delivery, discarding)
    await expect(attempt).rejects.toThrow('The claim was lost before the mark')
  })
})

describe('a claim that is granted late', () => {
  /** Grants the claim when the case says so. */
  function holding() {
    const { nodeRedis, scripts } = scripted(1)
    let grant = () => {}
    const granted = new Promise<void>((resolve) => {
      grant = resolve
    })
    const client = {
      eval: async (script: string, options: { keys: string[]; arguments: string[] }) => {
        if (script === CLAIM) await granted
        return nodeRedis.eval(script, options)
      },
    }
    return { client, scripts, grant: () => grant() }
  }

  it('is released, and runs nothing, after the response', async () => {
    const { client, scripts, grant } = holding()
    const response = new AbortController()
    const work = vi.fn(nothing)
    const attempt = createRedisInbox({ client }).once({ ...delivery, answered: response.signal }, work)
    response.abort()
    grant()
    await expect(attempt).rejects.toThrow('The claim was granted after the response was decided')
    expect(work).not.toHaveBeenCalled()
    expect(scripts).toEqual([CLAIM, RELEASE])
  })

  it('is released, and runs nothing, after its lease', async () => {
    vi.useFakeTimers()
    const { client, scripts, grant } = holding()
    const work = vi.fn(nothing)
    const attempt = createRedisInbox({ client }).once({ ...delivery, leaseMs: 10 }, work)
    const rejected = expect(attempt).rejects.toThrow('The lease of 10 ms is over')
    await vi.advanceTimersByTimeAsync(10)
    grant()
    await rejected
    expect(work).not.toHaveBeenCalled()
    expect(scripts).toEqual([CLAIM, RELEASE])
  })
})

it('accepts a lease that is longer than timers can be', async () => {
  vi.useFakeTimers()
  const { nodeRedis } = scripted(1, 1)
  const outcome = createRedisInbox({ client: nodeRedis }).once(
    { ...delivery, leaseMs: 5 * 2 ** 31 },
    async (_, signal) => {
      await vi.advanceTimersByTimeAsync(2 ** 31 - 2)
      signal.throwIfAborted()
    },
  )
  expect(await outcome).toBe('processed')
})
