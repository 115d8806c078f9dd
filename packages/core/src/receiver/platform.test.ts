import { deferred } from '@kinde-billing/test-support/deferred'
import {
  createPassingInbox,
  createRequest,
  createTestReceiver,
  signEvent,
  TYPE,
} from '@kinde-billing/test-support/test-receiver'
import { describe, expect, it } from 'vitest'
import type { DeliveryInbox } from './index.js'

const never = () => new Promise<never>(() => {})
const LEFT_MS = 20

/** Leaves an hour for the verification, which takes its time on a busy machine, and then {@link LEFT_MS}. */
function leaveLittle(): () => number {
  const left = [3_600_000]
  return () => left.pop() ?? LEFT_MS
}

describe('the time that the platform leaves', () => {
  it('limits the handler, whose signal is aborted, and names the limit', async () => {
    const reason = deferred<unknown>()
    const receiver = createTestReceiver({
      onEvent: (_, { signal }) => {
        signal.addEventListener('abort', () => reason.resolve(signal.reason))
        return never()
      },
    })
    const request = createRequest(await signEvent(), { remainingMs: leaveLittle() })
    expect((await receiver.receive(request)).body).toBe('{"error":"handler_timeout"}')
    expect(await reason.promise).toMatchObject({
      message: `A handler of ${TYPE} did not finish within ${LEFT_MS} ms (all that the time limit of the platform leaves). Stop at delivery.signal, and put slow work into a queue.`,
    })
  })

  it.each([
    { step: 'claim', inbox: { once: never } satisfies DeliveryInbox },
    { step: 'mark', inbox: createPassingInbox(never) },
  ])('limits the $step', async ({ inbox }) => {
    const receiver = createTestReceiver({ inbox, name: 'x' })
    const request = createRequest(await signEvent(), { remainingMs: leaveLittle() })
    expect((await receiver.receive(request)).body).toBe('{"error":"inbox_unavailable"}')
  })

  it('limits the wait for the key set', async () => {
    const receiver = createTestReceiver({ jwks: undefined, fetch: never })
    const request = createRequest(await signEvent(), { remainingMs: () => LEFT_MS })
    expect((await receiver.receive(request)).body).toBe('{"error":"keys_unavailable"}')
    expect(receiver.outcomes[0]?.error?.message).toContain('the time that the platform leaves')
  })

  it('counts as 0 if it is over', async () => {
    const receiver = createTestReceiver({ onEvent: never })
    const request = createRequest(await signEvent(), { remainingMs: () => -500 })
    expect((await receiver.receive(request)).status).toBe(503)
  })

  it('can be endless, and does not raise the own limit of the handler', async () => {
    const receiver = createTestReceiver({ onEvent: never, handlerTimeoutMs: 20 })
    const request = createRequest(await signEvent(), { remainingMs: () => Infinity })
    await receiver.receive(request)
    expect(receiver.outcomes[0]?.error?.message).toContain('within 20 ms (handlerTimeoutMs)')
  })
})

describe('waitUntil', () => {
  it('is called with the attempt of a timed-out handler, until its claim is released', async () => {
    const [finish, release] = [deferred(), deferred()]
    const work: Promise<unknown>[] = []
    const steps: string[] = []
    const inbox: DeliveryInbox = {
      async once(_delivery, run) {
        await run(undefined, new AbortController().signal)
        await release.promise
        steps.push('released')
        return 'processed'
      },
    }
    const receiver = createTestReceiver({
      inbox,
      name: 'x',
      handlerTimeoutMs: 20,
      onEvent: () => finish.promise,
      onOutcome: undefined,
    })
    const request = createRequest(await signEvent(), { waitUntil: (late) => work.push(late) })
    expect((await receiver.receive(request)).status).toBe(503)
    expect(work).toHaveLength(1)
    finish.resolve()
    release.resolve()
    await work[0]
    expect(steps).toEqual(['released'])
  })

  it('is called with what onOutcome returns, and never with a promise that rejects', async () => {
    const sent = deferred()
    const work: Promise<unknown>[] = []
    const receiver = createTestReceiver({ onOutcome: () => sent.promise })
    const request = createRequest(await signEvent(), { waitUntil: (late) => work.push(late) })
    expect((await receiver.receive(request)).status).toBe(200)
    sent.reject(new Error('the metrics are down'))
    await expect(Promise.all(work)).resolves.toHaveLength(1)
  })

  it('is not called if nothing goes on', async () => {
    const work: unknown[] = []
    const receiver = createTestReceiver({ onOutcome: undefined })
    const request = createRequest(await signEvent(), { waitUntil: (late) => work.push(late) })
    expect((await receiver.receive(request)).status).toBe(200)
    expect(work).toEqual([])
  })
})
