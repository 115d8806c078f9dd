import { billingEventFixture, deliver } from '@kinde-billing/testing'
import {
  latch,
  newDelivery,
  nothing,
  realTime,
  settled,
  untilNot,
} from '@kinde-billing/testing/inbox-contract/attempts'
import { startTestIssuer, type TestIssuerServer } from '@kinde-billing/testing/server'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startWorkers, type WorkersRuntime } from './workers-runtime.js'

let issuer: TestIssuerServer
let runtime: WorkersRuntime
let handled: string[]
let onHandled: () => Promise<void> | void

beforeAll(async () => {
  issuer = await startTestIssuer()
  runtime = await startWorkers({
    issuer: issuer.issuer,
    onHandled: (eventId) => {
      handled.push(eventId)
      return onHandled()
    },
  })
})
beforeEach(() => {
  handled = []
  onHandled = () => {}
})
afterAll(async () => {
  await runtime.close()
  await issuer.close()
})

const newEvent = () => issuer.sign(billingEventFixture('customer.plan_changed', { event_id: crypto.randomUUID() }))

/** Delivers, and returns the status and the outcome. */
async function answerTo(token: string): Promise<[status: number, body: unknown]> {
  const { status, body } = await deliver(runtime.url, token)
  return [status, body]
}

describe('a Worker with the inbox', () => {
  it('handles one of fifty deliveries that arrive at once', async () => {
    const token = await newEvent()
    const answers = await Promise.all(Array.from({ length: 50 }, () => answerTo(token)))
    expect(handled).toHaveLength(1)
    expect(answers.filter(([status]) => status === 200).length).toBeGreaterThan(0)
    expect(answers.every(([status]) => status === 200 || status === 409)).toBe(true)
  })

  it('answers a duplicate from its storage after workerd was killed', async () => {
    const token = await newEvent()
    expect(await answerTo(token)).toEqual([200, { status: 'processed' }])
    await runtime.restart()
    expect(await answerTo(token)).toEqual([200, { status: 'duplicate' }])
    expect(handled).toHaveLength(1)
  })

  it('keeps the claim of a Worker that was killed inside its handler', async () => {
    const token = await newEvent()
    const inHandler = latch()
    onHandled = () => {
      inHandler.open()
      return new Promise(() => {})
    }
    const cut = settled(deliver(runtime.url, token))
    await inHandler.opened
    await runtime.restart()
    expect((await cut).status).toBe('rejected')
    expect(await answerTo(token)).toEqual([409, { error: 'delivery_in_progress' }])
  })
})

describe('an inbox whose runtime is killed', () => {
  it('lets the next attempt run once the lease of the dead one is over', async () => {
    const delivery = newDelivery({ leaseMs: 1000 })
    const restarted = latch()
    const dead = runtime.inbox().once(delivery, async () => {
      await runtime.restart()
      restarted.open()
      await new Promise(() => {})
    })
    dead.catch(restarted.fail)
    await restarted.opened
    expect(await untilNot('in_progress', () => runtime.inbox().once(delivery, nothing))).toBe('processed')
  })

  it('marks work that outlived a restart', async () => {
    const delivery = newDelivery()
    expect(await runtime.inbox().once(delivery, () => runtime.restart())).toBe('processed')
    expect(await runtime.inbox().once(delivery, nothing)).toBe('duplicate')
  })
})

describe('the storage of an object', () => {
  it('is empty after a failed attempt', async () => {
    const delivery = newDelivery()
    await settled(runtime.inbox().once(delivery, () => Promise.reject(new Error('the mail server is down'))))
    expect(await runtime.stored(delivery.key)).toEqual({ keys: [], alarm: null })
  })

  it('is emptied by the alarm once the mark has expired, and not before', async () => {
    const [short, long] = [newDelivery({ leaseMs: 3000, retentionMs: 3000 }), newDelivery()]
    for (const delivery of [long, short]) expect(await runtime.inbox().once(delivery, nothing)).toBe('processed')
    while ((await runtime.stored(short.key)).alarm !== null) await realTime(50)
    expect((await runtime.stored(short.key)).keys).toEqual([])
    expect(await runtime.stored(long.key)).toEqual({ keys: ['delivery'], alarm: expect.any(Number) })
  })

  it('keeps a mark whose retention began after that of the claim', async () => {
    const delivery = newDelivery()
    await runtime.inbox().once(delivery, nothing)
    await runtime.ring(delivery.key)
    expect(await runtime.stored(delivery.key)).toEqual({ keys: ['delivery'], alarm: expect.any(Number) })
    expect(await runtime.inbox().once(delivery, nothing)).toBe('duplicate')
  })
})
