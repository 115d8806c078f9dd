import { DiscardEvent, type InboxDelivery } from '@kinde-billing/core/receiver'
import { describe, expect, it } from 'vitest'
import { createRedisInbox, type RedisClient } from './index.js'

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

/** A client whose scripts answer in turn, the last answer again and again: for faults that a real server cannot be brought to. */
function scripted(...answers: (number | Error)[]) {
  const calls: unknown[][] = []
  const answer = async (...call: unknown[]): Promise<unknown> => {
    calls.push(call.slice(1))
    const next = answers.length > 1 ? answers.shift() : answers[0]
    if (next instanceof Error) throw next
    return next
  }
  return { calls, nodeRedis: { eval: answer }, ioredis: { eval: answer, defineCommand: () => {} } }
}

describe('the client', () => {
  it('of node-redis is called its way, with one key', async () => {
    const { nodeRedis, calls } = scripted(1, 1)
    await createRedisInbox({ client: nodeRedis, prefix: 'app:' }).once(delivery, nothing)
    const keys = [`app:${delivery.key}`]
    expect(calls).toEqual([
      [{ keys, arguments: [expect.any(String), '60000', '3600000'] }],
      [{ keys, arguments: [expect.any(String), '3600000'] }],
    ])
  })

  it('of ioredis is called its way, with one key', async () => {
    const { ioredis, calls } = scripted(1, 1)
    await createRedisInbox({ client: ioredis }).once(delivery, nothing)
    const key = `kinde-billing:${delivery.key}`
    expect(calls).toEqual([
      [1, key, expect.any(String), '60000', '3600000'],
      [1, key, expect.any(String), '3600000'],
    ])
  })

  it.each([undefined, null, {}, 'redis://127.0.0.1:6379', { eval: 'no' }])('is not %j', (client) => {
    const create = () => createRedisInbox({ client: client as unknown as RedisClient })
    expect(create).toThrow('Pass a connected client of "redis" 5 or 6, or of "ioredis" 5 or 6.')
  })
})

it.each([7, null, 'x'.repeat(129)])('refuses %j as a prefix', (prefix) => {
  const create = () => createRedisInbox({ client: scripted().nodeRedis, prefix: prefix as string })
  expect(create).toThrow('prefix: must be a string of at most 128 characters')
})

describe('a store that fails', () => {
  const away = new Error('the store is away')

  it('once, at any step: is asked again', async () => {
    expect(await createRedisInbox({ client: scripted(away, 1, away, 1).nodeRedis }).once(delivery, nothing)).toBe(
      'processed',
    )
  })

  it('at the claim: rejects with its error, and runs nothing', async () => {
    let runs = 0
    const attempt = createRedisInbox({ client: scripted(away).nodeRedis }).once(delivery, async () => {
      runs += 1
    })
    await expect(attempt).rejects.toBe(away)
    expect(runs).toBe(0)
  })

  it('at the mark: rejects with its error', async () => {
    await expect(createRedisInbox({ client: scripted(1, away).nodeRedis }).once(delivery, nothing)).rejects.toBe(away)
  })

  it('at the release: rejects with what the handler threw', async () => {
    const thrown = new Error('the handler fails')
    const attempt = createRedisInbox({ client: scripted(1, away).nodeRedis }).once(delivery, () =>
      Promise.reject(thrown),
    )
    await expect(attempt).rejects.toBe(thrown)
  })

  it('to keep the claim: rejects at the mark, and the signal has fired', async () => {
    let given: AbortSignal | undefined
    const attempt = createRedisInbox({ client: scripted(1, 0).nodeRedis }).once(delivery, async (_, signal) => {
      given = signal
    })
    await expect(attempt).rejects.toThrow('The claim was lost before the mark')
    expect(given?.aborted).toBe(true)
  })

  it('to keep the claim of an event that is discarded: rejects, too', async () => {
    const discarding = () => Promise.reject(new DiscardEvent('no such plan'))
    const attempt = createRedisInbox({ client: scripted(1, 0).nodeRedis }).once(delivery, discarding)
    await expect(attempt).rejects.toThrow('The claim was lost before the mark')
  })
})

it('runs nothing where the claim is answered after the lease is over', async () => {
  const late = { eval: () => new Promise((resolve) => setTimeout(resolve, 30, 1)) }
  let runs = 0
  const attempt = createRedisInbox({ client: late }).once({ ...delivery, leaseMs: 10 }, async () => {
    runs += 1
  })
  await expect(attempt).rejects.toThrow('The lease of 10 ms is over')
  expect(runs).toBe(0)
})

it('takes a lease that is longer than timers can be', async () => {
  const inbox = createRedisInbox({ client: scripted(1, 1).nodeRedis })
  const outcome = inbox.once({ ...delivery, leaseMs: 3 * 2 ** 31 }, async (_, signal) => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    signal.throwIfAborted()
  })
  expect(await outcome).toBe('processed')
})
