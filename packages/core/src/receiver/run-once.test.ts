import { deferred, eventually } from '@kinde-billing/test-support/deferred'
import { createPassingInbox, createTestReceiver, signEvent, TYPE } from '@kinde-billing/test-support/test-receiver'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { BillingWarning } from '../index.js'
import { createMemoryInbox, type DeliveryInbox } from './index.js'

const never = () => new Promise<never>(() => {})

afterEach(() => vi.useRealTimers())

describe('a handler that takes too long', () => {
  it('is answered 503, keeps its claim, and is marked if it succeeds late', async () => {
    const [finish, aborted] = [deferred(), deferred<unknown>()]
    let runs = 0
    const receiver = createTestReceiver({
      handlerTimeoutMs: 20,
      onEvent: async (_, { signal }) => {
        runs += 1
        signal.addEventListener('abort', () => aborted.resolve(signal.reason))
        await finish.promise
      },
    })
    const token = await signEvent()
    expect((await receiver.send(token)).body).toBe('{"error":"handler_timeout"}')
    expect(await aborted.promise).toMatchObject({
      code: 'handler_timeout',
      message: `A handler of ${TYPE} did not finish within 20 ms (handlerTimeoutMs). Stop at delivery.signal, and put slow work into a queue.`,
    })
    expect((await receiver.send(token)).body).toBe('{"error":"delivery_in_progress"}')
    finish.resolve()
    await eventually(async () => expect((await receiver.send(token)).body).toBe('{"status":"duplicate"}'))
    expect(runs).toBe(1)
  })

  it('sees an aborted signal although it reads it late, and always the same one', async () => {
    const [finish, read] = [deferred(), deferred<unknown[]>()]
    const receiver = createTestReceiver({
      handlerTimeoutMs: 20,
      onEvent: async (_, delivery) => {
        await finish.promise
        const { signal } = delivery
        read.resolve([signal.reason, signal === { ...delivery }.signal])
      },
    })
    expect((await receiver.send(await signEvent())).status).toBe(503)
    finish.resolve()
    expect(await read.promise).toEqual([expect.objectContaining({ code: 'handler_timeout' }), true])
  })

  it('warns if it ends after its lease, and cannot mark what another attempt took over', async () => {
    const warnings: BillingWarning[] = []
    let now = Date.now()
    const [first, second] = [deferred(), deferred()]
    const signals: AbortSignal[] = []
    const receiver = createTestReceiver({
      now: () => now,
      handlerTimeoutMs: 200,
      onWarning: (warning) => warnings.push(warning),
      onEvent: (_, { signal }) => (signals.push(signal) === 1 ? first.promise : second.promise),
    })
    const token = await signEvent()
    expect((await receiver.send(token)).status).toBe(503)
    now += 60_001
    const takeover = receiver.send(token)
    await eventually(() => expect(signals).toHaveLength(2))
    first.resolve()
    await eventually(() => expect(warnings.map(({ code }) => code)).toEqual(['handler_finished_late']))
    expect((await receiver.send(token)).status).toBe(409)
    second.resolve()
    await takeover
    await eventually(async () => expect((await receiver.send(token)).body).toBe('{"status":"duplicate"}'))
  })
})

describe('a handler that throws', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const chain = Array.from({ length: 50_000 }).reduce<Error>(
    (cause) => new Error('again', { cause }),
    new Error('again'),
  )
  it.each<{ name: string; thrown: unknown }>([
    { name: 'a proxy that throws at every touch', thrown: proxy },
    { name: 'a chain of causes longer than the call stack', thrown: chain },
    { name: 'undefined', thrown: undefined },
  ])('has failed and gives its claim back, if it throws $name', async ({ thrown }) => {
    const receiver = createTestReceiver({
      onEvent: () => {
        throw thrown
      },
    })
    const token = await signEvent()
    for (const _attempt of [1, 2]) expect((await receiver.send(token)).body).toBe('{"error":"handler_failed"}')
  })
})

describe('delivery.signal', () => {
  it('can be replaced by a wrapper of handlers', async () => {
    const seen: unknown[] = []
    const receiver = createTestReceiver({
      onEvent: (_, delivery) => seen.push({ ...delivery, signal: AbortSignal.abort('mine') }.signal.reason),
    })
    expect((await receiver.send(await signEvent())).status).toBe(200)
    expect(seen).toEqual(['mine'])
  })

  it.each(['before', 'after'])('is aborted by a lost lease, also if it is read %s', async (order) => {
    const lease = new AbortController()
    const seen: unknown[] = []
    const warnings: BillingWarning[] = []
    const receiver = createTestReceiver({
      name: 'x',
      inbox: createPassingInbox(undefined, lease.signal),
      onWarning: (warning) => warnings.push(warning),
      onEvent: (_, delivery) => {
        const early = order === 'before' ? delivery.signal : undefined
        lease.abort('lost')
        seen.push((early ?? delivery.signal).reason)
      },
    })
    await receiver.send(await signEvent())
    expect(seen).toEqual(['lost'])
    expect(warnings.map(({ code }) => code)).toEqual(['handler_finished_late'])
  })
})

describe('concurrent duplicates', () => {
  it.each([
    { name: 'succeeds', fails: false, status: 200 },
    { name: 'fails', fails: true, status: 500 },
  ])('run once, and none is a 200 before the run $name', async ({ fails, status }) => {
    const [finish, othersAnswered] = [deferred(), deferred()]
    let runs = 0
    const receiver = createTestReceiver({
      onEvent: async () => {
        runs += 1
        await finish.promise
        if (fails) throw new Error('x')
      },
    })
    const token = await signEvent()
    const statuses: number[] = []
    const responses = Array.from({ length: 100 }, async () => {
      statuses.push((await receiver.send(token)).status)
      if (statuses.length === 99) othersAnswered.resolve()
    })
    await othersAnswered.promise
    expect(new Set(statuses)).toEqual(new Set([409]))
    finish.resolve()
    await Promise.all(responses)
    expect(statuses.at(-1)).toBe(status)
    expect(runs).toBe(1)
  })
})

describe('an inbox that fails', () => {
  const run: (then: () => Promise<'processed'>) => DeliveryInbox['once'] = (then) => createPassingInbox(then).once
  const fail = () => {
    throw new Error('ECONNREFUSED')
  }

  it.each<{ name: string; once: DeliveryInbox['once']; message: RegExp }>([
    { name: 'rejects', once: async () => fail(), message: /^The inbox failed\. The delivery counts as not handled/ },
    { name: 'throws', once: fail, message: /^The inbox failed\./ },
    { name: 'hangs before the work', once: never, message: /^The inbox did not respond in time\./ },
    { name: 'hangs at the mark', once: run(never), message: /^The inbox did not mark the delivery in time\./ },
    { name: 'fails at the mark', once: run(async () => fail()), message: /^The inbox failed\./ },
    {
      name: 'says processed without running anything',
      once: async () => 'processed',
      message: /^The inbox returned "processed" while the work is not started\./,
    },
    {
      name: 'says processed before the work has finished',
      once: async (_, work) => {
        void work(undefined, new AbortController().signal)
        return 'processed'
      },
      message: /^The inbox returned "processed" while the work is not finished\./,
    },
    {
      name: 'says duplicate after it ran the work',
      once: async (_, work) => {
        await work(undefined, new AbortController().signal)
        return 'duplicate'
      },
      message: /^The inbox returned "duplicate" while the work is finished\./,
    },
    {
      name: 'says something else',
      once: async () => 'done' as 'processed',
      message: /^The inbox returned "done" while the work is not started\./,
    },
  ])('makes the delivery inbox_unavailable if it $name', async ({ once, message }) => {
    const receiver = createTestReceiver({
      name: 'x',
      inbox: { once },
      inboxTimeoutMs: 20,
      onEvent: () => Promise.resolve(),
    })
    expect(await receiver.send(await signEvent())).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    expect(receiver.outcomes).toMatchObject([
      { outcome: 'inbox_unavailable', event: { type: TYPE }, error: { message: expect.stringMatching(message) } },
    ])
  })

  it('does not hide why the handler failed if it hangs over the release', async () => {
    const receiver = createTestReceiver({
      name: 'x',
      inboxTimeoutMs: 20,
      inbox: {
        async once(_, work) {
          await work(undefined, new AbortController().signal).catch(() => {})
          return never()
        },
      },
      onEvent: () => Promise.reject(new Error('no plan')),
    })
    expect((await receiver.send(await signEvent())).status).toBe(500)
    expect(receiver.outcomes).toMatchObject([{ outcome: 'handler_failed', error: { cause: new Error('no plan') } }])
  })

  it('runs nothing if it grants the claim after the response', async () => {
    const [claim, refused] = [deferred(), deferred<unknown>()]
    const onEvent = vi.fn()
    const receiver = createTestReceiver({
      name: 'x',
      inboxTimeoutMs: 20,
      onEvent,
      inbox: {
        async once(_, work) {
          await claim.promise
          await work(undefined, new AbortController().signal).catch(refused.resolve)
          return 'processed'
        },
      },
    })
    expect((await receiver.send(await signEvent())).status).toBe(503)
    claim.resolve()
    expect(await refused.promise).toMatchObject({
      message: 'The claim was granted after the response, or twice: nothing is run.',
    })
    expect(onEvent).not.toHaveBeenCalled()
  })

  it('runs the work once if it calls it twice', async () => {
    const refused = deferred<unknown>()
    const onEvent = vi.fn()
    const receiver = createTestReceiver({
      name: 'x',
      onEvent,
      inbox: {
        async once(_, work) {
          await work(undefined, new AbortController().signal)
          await work(undefined, new AbortController().signal).catch(refused.resolve)
          return 'processed'
        },
      },
    })
    expect((await receiver.send(await signEvent())).status).toBe(200)
    expect(await refused.promise).toBeInstanceOf(Error)
    expect(onEvent).toHaveBeenCalledTimes(1)
  })

  it('is answered although the clock fails as the work begins, and the inbox hangs over it', async () => {
    let calls = 0
    const receiver = createTestReceiver({
      handlerTimeoutMs: 20,
      name: 'x',
      // On arrival, at verification, and at the start of the work.
      now: () => {
        if (++calls === 3) throw new Error('no clock')
        return Date.now()
      },
      inbox: {
        async once(_, work) {
          await work(undefined, new AbortController().signal).catch(() => {})
          return never()
        },
      },
    })
    expect((await receiver.send(await signEvent())).status).toBe(503)
    expect(calls).toBe(3)
  })
})

describe('delivery.answered of an inbox', () => {
  /** An inbox that keeps the signal, and the state in which the work saw it. */
  const createWatchingInbox = (inbox: DeliveryInbox) => {
    const signals: AbortSignal[] = []
    const once: DeliveryInbox['once'] = (delivery, work) => {
      signals.push(delivery.answered)
      return inbox.once(delivery, work)
    }
    return { once, signals }
  }

  it.each([
    { name: 'a success', onEvent: () => {} },
    { name: 'a failure', onEvent: () => Promise.reject(new Error('x')) },
  ])('is aborted at the end of $name, and not before', async ({ onEvent }) => {
    const { once, signals } = createWatchingInbox(createMemoryInbox())
    const during: boolean[] = []
    const receiver = createTestReceiver({
      name: 'x',
      inbox: { once },
      onEvent: () => {
        during.push(signals[0]?.aborted ?? true)
        return onEvent()
      },
    })
    await receiver.send(await signEvent())
    expect(during).toEqual([false])
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })

  it.each<{ name: string; inbox: DeliveryInbox }>([
    { name: 'the claim', inbox: { once: never } },
    { name: 'the work', inbox: createPassingInbox() },
    { name: 'the mark', inbox: createPassingInbox(never) },
  ])('is aborted at the timeout of $name', async ({ name, inbox }) => {
    const { once, signals } = createWatchingInbox(inbox)
    const receiver = createTestReceiver({
      name: 'x',
      inbox: { once },
      inboxTimeoutMs: 20,
      handlerTimeoutMs: 20,
      onEvent: name === 'the work' ? never : () => {},
    })
    expect((await receiver.send(await signEvent())).status).toBe(503)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })
})

it('leaves no timer behind', async () => {
  const token = await signEvent()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const receiver = createTestReceiver({ name: 'x', inbox: createPassingInbox(), onEvent: () => Promise.resolve() })
  expect((await receiver.send(token)).status).toBe(200)
  expect(vi.getTimerCount()).toBe(0)
})
