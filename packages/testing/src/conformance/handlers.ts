import { DiscardEvent } from '@kinde-billing/core/receiver'
import { expect, it } from 'vitest'
import { ANSWERS, expectAnswer } from './answers.js'
import type { Behaviour, Endpoint } from './endpoint.js'
import { request } from './http-request.js'
import type { Suite } from './suite.js'

const FAILURES: [what: string, behaviour: Behaviour][] = [
  [
    'throws',
    () => {
      throw new Error('the shop is closed')
    },
  ],
  ['rejects', () => Promise.reject(new Error('the shop is closed'))],
  ['rejects late', () => new Promise((_, reject) => setImmediate(reject, new Error('the shop is closed')))],
  ['rejects with undefined', () => Promise.reject(undefined)],
  [
    'throws a Response',
    () => {
      throw new Response(null, { status: 200 })
    },
  ],
]

const RETURNS: [what: string, behaviour: Behaviour][] = [
  ['a Response', () => new Response('no', { status: 500, headers: { 'content-type': 'text/plain' } })],
  ['an answer', () => ({ status: 500, headers: { allow: 'GET' }, body: 'no' })],
  ['false', () => false],
  ['null, later', async () => null],
  ['an Error', () => new Error('returned, not thrown')],
]

/** Behaviours of a handler and the response to each. A handler's return value means nothing. */
export function handlers(suite: Suite): void {
  const deliver = async (endpoint: Endpoint, behaviour: Behaviour) => {
    const event = await suite.event()
    endpoint.handle(event.id, behaviour)
    return { ...event, answer: await request(endpoint.url, { body: event.token }) }
  }

  it.each(FAILURES)('runs one again at the next attempt that %s', async (_, behaviour) => {
    const { id, token, answer } = await deliver(suite.endpoint, behaviour)
    expectAnswer(answer, ANSWERS.handlerFailed)
    suite.endpoint.handle(id, () => {})
    expectAnswer(await request(suite.endpoint.url, { body: token }), ANSWERS.processed)
    expectAnswer(await request(suite.endpoint.url, { body: token }), ANSWERS.duplicate)
    expect(suite.endpoint.runs(id)).toBe(2)
  })

  it.each(RETURNS)('counts one as successful that returns %s', async (_, behaviour) => {
    const { id, token, answer } = await deliver(suite.endpoint, behaviour)
    expectAnswer(answer, ANSWERS.processed)
    expectAnswer(await request(suite.endpoint.url, { body: token }), ANSWERS.duplicate)
    expect(suite.endpoint.runs(id)).toBe(1)
  })

  it('tells one that hangs to stop, and runs no other meanwhile', async () => {
    let finish = (): void => {}
    let signal: AbortSignal | undefined
    const { id, token, answer } = await deliver(suite.impatient, (delivery) => {
      signal = delivery.signal
      return new Promise<void>((resolve) => {
        finish = resolve
      })
    })
    expectAnswer(answer, ANSWERS.handlerTimeout)
    expect(signal?.aborted).toBe(true)
    expectAnswer(await request(suite.impatient.url, { body: token }), ANSWERS.deliveryInProgress)
    finish()
    expectAnswer(await request(suite.impatient.url, { body: token }), ANSWERS.duplicate)
    expect(suite.impatient.runs(id)).toBe(1)
  })

  it('is done with an event that one discards', async () => {
    const { id, token, answer } = await deliver(suite.endpoint, () => {
      throw new DiscardEvent('no such plan')
    })
    expectAnswer(answer, ANSWERS.discarded)
    expectAnswer(await request(suite.endpoint.url, { body: token }), ANSWERS.duplicate)
    expect(suite.endpoint.runs(id)).toBe(1)
  })

  it('acknowledges a type without a handler', async () => {
    const runs: string[] = []
    const on = { 'customer.plan_changed': ({ id }: { id: string }) => runs.push(id) }
    const endpoint = await suite.open({ on, onEvent: undefined })
    const { token } = await suite.event()
    expectAnswer(await request(endpoint.url, { body: token }), ANSWERS.ignored)
    const changed = await suite.event({ type: 'customer.plan_changed' })
    expectAnswer(await request(endpoint.url, { body: changed.token }), ANSWERS.processed)
    expect(runs).toEqual([changed.id])
  })

  it('acknowledges an event of another type', async () => {
    const { id, token } = await suite.event({ type: 'user.created' })
    expectAnswer(await request(suite.endpoint.url, { body: token }), ANSWERS.unsupported)
    expect(suite.endpoint.runs(id)).toBe(0)
  })
}
