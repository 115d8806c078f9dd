import { deferred } from '@kinde-billing/test-support/deferred'
import {
  createPassingInbox,
  createTestReceiver,
  issuer,
  signEvent,
  TYPE,
} from '@kinde-billing/test-support/test-receiver'
import { billingEventFixture } from '@kinde-billing/testing'
import { describe, expect, it, vi } from 'vitest'
import { type BillingEvent, type OtherEvent, UnsupportedEventError } from '../index.js'
import { docsUrl } from '../log.js'
import type { HandlerDelivery } from './index.js'

describe('handlers', () => {
  it('call onEvent before the handler of the type, with the event and the delivery', async () => {
    const seen: { name: string; event: BillingEvent; delivery: HandlerDelivery<string, undefined> }[] = []
    const receiver = createTestReceiver({
      onEvent: (event, delivery) => seen.push({ name: 'onEvent', event, delivery }),
      on: {
        [TYPE]: (event, delivery) => seen.push({ name: event.type, event, delivery }),
        'customer.plan_changed': (event, delivery) => seen.push({ name: event.type, event, delivery }),
      },
    })
    await receiver.send(await signEvent(), { 'webhook-id': 'whk_1' })
    expect(seen.map(({ name }) => name)).toEqual(['onEvent', TYPE])
    expect(seen[0]?.event).toBe(seen[1]?.event)
    expect({ ...seen[0]?.delivery }).toEqual({
      webhookId: 'whk_1',
      context: 'context',
      tx: undefined,
      receivedAt: expect.any(Date),
      redelivery: undefined,
      signal: expect.any(AbortSignal),
    })
  })

  async function* unlock() {}
  const observable = { pipe() {}, subscribe() {} }

  it.each([
    { kind: 'a generator', returned: unlock() },
    { kind: 'an observable', returned: observable },
  ])('fail if they return work that has not begun: $kind', async ({ returned }) => {
    const message = /returned a generator or an observable\. Nothing runs it/
    for (const handlers of [{ onEvent: () => returned }, { on: { [TYPE]: async () => returned } }]) {
      const receiver = createTestReceiver(handlers)
      expect((await receiver.send(await signEvent())).body).toBe('{"error":"handler_failed"}')
      expect(receiver.outcomes[0]?.error?.cause).toMatchObject({ message: expect.stringMatching(message) })
    }
    const receiver = createTestReceiver({ onOtherEvent: () => returned })
    expect((await receiver.send(await signEvent({ type: 'user.created' }))).status).toBe(500)
  })

  it('run both again if one of them throws', async () => {
    const seen: string[] = []
    let isDown = true
    const receiver = createTestReceiver({
      onEvent: () => seen.push('onEvent'),
      on: {
        [TYPE]: () => {
          seen.push('own')
          if (isDown) throw new Error('not yet')
        },
      },
    })
    const token = await signEvent()
    expect((await receiver.send(token)).body).toBe('{"error":"handler_failed"}')
    isDown = false
    expect((await receiver.send(token)).body).toBe('{"status":"processed"}')
    expect((await receiver.send(token)).body).toBe('{"status":"duplicate"}')
    expect(seen).toEqual(['onEvent', 'own', 'onEvent', 'own'])
    expect(receiver.outcomes.map(({ outcome, type, event }) => [outcome, type, event?.type])).toEqual([
      ['handler_failed', TYPE, TYPE],
      ['processed', TYPE, TYPE],
      ['duplicate', TYPE, TYPE],
    ])
  })

  it('do not begin the second half if the lease was lost during the first', async () => {
    const [finish, started] = [deferred(), deferred()]
    const own = vi.fn()
    const lease = new AbortController()
    const receiver = createTestReceiver({
      name: 'x',
      inbox: createPassingInbox(undefined, lease.signal),
      onEvent: () => {
        started.resolve()
        return finish.promise
      },
      on: { [TYPE]: own },
    })
    const response = receiver.send(await signEvent())
    await started.promise
    lease.abort(new Error('taken over'))
    finish.resolve()
    expect((await response).body).toBe('{"error":"handler_failed"}')
    expect(own).not.toHaveBeenCalled()
  })

  it('are not called for a name that the map comes to inherit', async () => {
    const [inherited, prototype] = [vi.fn(), {}]
    const receiver = createTestReceiver({ on: Object.create(prototype), onEvent: undefined })
    Object.assign(prototype, { [TYPE]: inherited })
    expect((await receiver.send(await signEvent())).body).toBe('{"status":"ignored"}')
    expect(inherited).not.toHaveBeenCalled()
  })
})

describe('an event without a handler', () => {
  it('warns once per type, with the fix', async () => {
    const receiver = createTestReceiver({ on: {}, onEvent: undefined })
    for (const type of [TYPE, TYPE, 'customer.plan_changed'] as const)
      await receiver.send(await issuer.sign(billingEventFixture(type)))
    expect(receiver.lines).toEqual([
      {
        level: 'warn',
        line: `[kinde-billing] ignored: ${TYPE} has no handler, so its events are acknowledged and not handled. Add on['${TYPE}'] or onEvent if you need them. ${docsUrl('ignored')}`,
        details: { code: 'ignored', type: TYPE },
      },
      {
        level: 'warn',
        line: expect.stringContaining("Add on['customer.plan_changed'] or onEvent"),
        details: { code: 'ignored', type: 'customer.plan_changed' },
      },
    ])
  })

  it('does not touch the inbox', async () => {
    const once = vi.fn()
    const receiver = createTestReceiver({ name: 'x', inbox: { once }, on: {}, onEvent: undefined })
    await receiver.send(await signEvent())
    expect(receiver.outcomes).toMatchObject([{ outcome: 'ignored', type: TYPE, event: { type: TYPE } }])
    expect(once).not.toHaveBeenCalled()
  })
})

describe('an event of another type', () => {
  const other = { type: 'user.created', data: { user: { id: 'kp_1' } }, source: 'api' }

  it('goes to onOtherEvent once, under the inbox, as a typed event', async () => {
    const seen: OtherEvent[] = []
    const onEvent = vi.fn()
    const receiver = createTestReceiver({ onEvent, onOtherEvent: (event) => seen.push(event) })
    const fixture = { ...billingEventFixture(TYPE), ...other }
    const token = await issuer.sign(fixture)
    expect((await receiver.send(token)).body).toBe('{"status":"processed"}')
    expect((await receiver.send(token)).body).toBe('{"status":"duplicate"}')
    expect(seen).toEqual([
      {
        ...other,
        id: fixture.event_id,
        timestamp: new Date(fixture.timestamp),
        occurredAt: new Date(fixture.event_timestamp),
      },
    ])
    expect(seen[0]?.claims).toEqual(fixture)
    expect(receiver.outcomes).toMatchObject([
      { outcome: 'processed', type: 'user.created', eventId: fixture.event_id, otherEvent: { id: fixture.event_id } },
      { outcome: 'duplicate', type: 'user.created', eventId: fixture.event_id, otherEvent: { id: fixture.event_id } },
    ])
    expect(receiver.outcomes.map(({ event, error }) => event ?? error)).toEqual([undefined, undefined])
    expect(onEvent).not.toHaveBeenCalled()
    expect(receiver.lines).toEqual([])
  })

  it('gives onOtherEvent the delivery, with the tx of the inbox', async () => {
    const deliveries: unknown[] = []
    const receiver = createTestReceiver<{ sql: string }>({
      name: 'x',
      inbox: {
        async once(_, work) {
          await work({ sql: 'begin' }, new AbortController().signal)
          return 'processed'
        },
      },
      onOtherEvent: (_, delivery) => deliveries.push({ ...delivery }),
    })
    await receiver.send(await signEvent(other))
    expect(deliveries).toMatchObject([{ context: 'context', tx: { sql: 'begin' }, redelivery: undefined }])
  })

  it('is tried again if onOtherEvent throws', async () => {
    const receiver = createTestReceiver({ onOtherEvent: () => Promise.reject(new Error('x')) })
    expect((await receiver.send(await signEvent(other))).body).toBe('{"error":"handler_failed"}')
    expect(receiver.outcomes).toMatchObject([
      { outcome: 'handler_failed', type: 'user.created', error: { status: 500 } },
    ])
  })

  it.each([{ event_id: 5 }, { timestamp: 'yesterday' }, { timestamp: '2020-01-01T00:00:00Z' }, { data: [] }])(
    'is only acknowledged with %j',
    async (overrides) => {
      const onOtherEvent = vi.fn()
      const receiver = createTestReceiver({ onOtherEvent })
      const token = await issuer.sign({ ...billingEventFixture(TYPE), ...other, ...overrides })
      expect((await receiver.send(token)).body).toBe('{"status":"unsupported"}')
      expect(onOtherEvent).not.toHaveBeenCalled()
      expect(receiver.outcomes).toMatchObject([{ outcome: 'unsupported', type: 'user.created' }])
      expect(receiver.lines).toEqual([])
    },
  )

  it('is only acknowledged without onOtherEvent, and its event is in the error', async () => {
    const receiver = createTestReceiver()
    expect((await receiver.send(await signEvent(other))).body).toBe('{"status":"unsupported"}')
    const [outcome] = receiver.outcomes
    expect(outcome).toMatchObject({ outcome: 'unsupported', type: 'user.created', eventId: expect.any(String) })
    expect(outcome?.error).toBeInstanceOf(UnsupportedEventError)
    expect(outcome?.error).toMatchObject({ event: { type: 'user.created', source: 'api' } })
  })

  it('is the only kind that a receiver with onOtherEvent alone handles', async () => {
    const seen: string[] = []
    const receiver = createTestReceiver({ onEvent: undefined, onOtherEvent: ({ type }) => seen.push(type) })
    expect((await receiver.send(await signEvent(other))).body).toBe('{"status":"processed"}')
    expect((await receiver.send(await signEvent())).body).toBe('{"status":"ignored"}')
    expect(seen).toEqual(['user.created'])
  })
})
