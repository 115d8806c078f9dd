import {
  createPassingInbox,
  createTestReceiver,
  issuer,
  signEvent,
  stranger,
  TYPE,
} from '@kinde-billing/test-support/test-receiver'
import { billingEventFixture } from '@kinde-billing/testing'
import { describe, expect, it, vi } from 'vitest'
import { type DataSchema, KindeWebhookError } from '../index.js'
import { docsUrl } from '../log.js'
import {
  createMemoryInbox,
  type DeliveryInbox,
  type DeliveryOutcome,
  DiscardEvent,
  HandlerFault,
  type InboxDelivery,
} from './index.js'

const HOUR = 3_600_000

describe('the key of a delivery', () => {
  it('consists of the signed event_id, the issuer and the name, not of webhook-id or the text of the token', async () => {
    const inbox = createMemoryInbox()
    const seen: string[] = []
    const endpoint = (name: string) =>
      createTestReceiver({ inbox, name, onEvent: (event) => seen.push(`${name} ${event.id}`) })
    const fixture = billingEventFixture(TYPE, { event_id: '__proto__' })
    const again = await issuer.sign({ ...fixture, attempt: 2 })
    await endpoint('a').send(await issuer.sign(fixture), { 'webhook-id': 'same' })
    await endpoint('a').send(again, { 'webhook-id': 'other' })
    await endpoint('b').send(again, { 'webhook-id': 'same' })
    await endpoint('a').send(await signEvent({ event_id: 'next' }), { 'webhook-id': 'same' })
    expect(seen).toEqual(['a __proto__', 'b __proto__', 'a next'])
  })
})

describe('an inbox', () => {
  it('gets signed values only', async () => {
    const once = vi.fn<DeliveryInbox['once']>(createPassingInbox().once)
    const receiver = createTestReceiver({ name: 'billing', inbox: () => ({ once }) })
    const fixture = billingEventFixture(TYPE)
    await receiver.send(await issuer.sign(fixture), { 'webhook-id': 'whk_1' })
    const [delivery] = once.mock.calls[0] ?? []
    expect({ ...delivery }).toEqual({
      key: `${issuer.issuer} billing ${fixture.event_id}`,
      eventId: fixture.event_id,
      type: TYPE,
      occurredAt: new Date(fixture.event_timestamp),
      customer: expect.stringMatching(/^customer_/),
      claims: fixture,
      leaseMs: 60_000,
      retentionMs: 7 * 24 * HOUR,
      redelivery: false,
      answered: expect.any(AbortSignal),
    })
  })

  it.each([
    { data: { customer_id: 'customer_1', org_code: 'org_1', user_id: 'kp_1' }, customer: 'customer_1' },
    { data: { org_code: 'org_1', user_id: 'kp_1' }, customer: 'org_1' },
    { data: { user_id: 'kp_1' }, customer: 'kp_1' },
    { data: {}, customer: undefined },
  ])('gets $customer as the customer of $data', async ({ data, customer }) => {
    const deliveries: InboxDelivery[] = []
    const inbox: DeliveryInbox = {
      once: (delivery, work) => {
        deliveries.push(delivery)
        return createPassingInbox().once(delivery, work)
      },
    }
    await createTestReceiver({ name: 'x', inbox }).send(await issuer.sign({ ...billingEventFixture(TYPE), data }))
    expect(deliveries.map((delivery) => delivery.customer)).toEqual([customer])
  })

  it('gets a longer lease if the time limits are longer', async () => {
    const once = vi.fn<DeliveryInbox['once']>(createPassingInbox().once)
    const receiver = createTestReceiver({ name: 'x', inbox: { once }, handlerTimeoutMs: 120_000, inboxTimeoutMs: 7000 })
    await receiver.send(await signEvent())
    expect(once.mock.calls[0]?.[0].leaseMs).toBe(134_000)
  })

  it('passes its tx to handlers', async () => {
    const seen: unknown[] = []
    const receiver = createTestReceiver<{ query: string }>({
      name: 'x',
      inbox: {
        async once(_, work) {
          await work({ query: 'select' }, new AbortController().signal)
          return 'processed'
        },
      },
      onEvent: (_, { tx }) => seen.push(tx.query),
    })
    await receiver.send(await signEvent())
    expect(seen).toEqual(['select'])
  })

  it('can be left out: then every attempt runs', async () => {
    const onEvent = vi.fn()
    const receiver = createTestReceiver({ inbox: false, onEvent })
    const token = await signEvent()
    for (let attempt = 0; attempt < 3; attempt++)
      expect((await receiver.send(token)).body).toBe('{"status":"processed"}')
    expect(onEvent).toHaveBeenCalledTimes(3)
  })

  it('marks nothing that was refused or ignored', async () => {
    const inbox = createMemoryInbox()
    const fixture = billingEventFixture(TYPE)
    const bodies: string[] = []
    for (const { token, ...options } of [
      { token: await stranger.sign(fixture) },
      { token: await issuer.sign(fixture), on: {}, onEvent: undefined },
      { token: await issuer.sign(fixture) },
    ])
      bodies.push((await createTestReceiver({ inbox, name: 'a', ...options }).send(token)).body)
    expect(bodies).toEqual(['{"error":"unauthorized"}', '{"status":"ignored"}', '{"status":"processed"}'])
  })

  it('remembers an event for longer than a replay is accepted, whatever retentionMs is', async () => {
    let now = Date.now()
    const receiver = createTestReceiver({ now: () => now, retentionMs: 24 * HOUR })
    const token = await signEvent()
    await receiver.send(token)
    now += 35 * HOUR
    expect((await receiver.send(token)).body).toBe('{"status":"duplicate"}')
  })
})

describe('recordFailure', () => {
  const rejecting: DataSchema = {
    '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) },
  }
  const options = { name: 'billing', dataSchemas: { [TYPE]: rejecting } }

  it('is called with the delivery and the error of schema_mismatch, and once is not', async () => {
    const once = vi.fn()
    const recordFailure = vi.fn<NonNullable<DeliveryInbox['recordFailure']>>(async () => {})
    const receiver = createTestReceiver({ ...options, inbox: { once, recordFailure } })
    const fixture = billingEventFixture(TYPE)
    expect((await receiver.send(await issuer.sign(fixture))).body).toBe('{"error":"schema_mismatch"}')
    expect(recordFailure.mock.calls).toEqual([
      [
        expect.objectContaining({
          key: `${issuer.issuer} billing ${fixture.event_id}`,
          type: TYPE,
          eventId: fixture.event_id,
          claims: fixture,
          redelivery: false,
          answered: expect.any(AbortSignal),
        }),
        expect.objectContaining({ code: 'schema_mismatch' }),
      ],
    ])
    expect(receiver.outcomes).toMatchObject([{ outcome: 'schema_mismatch', type: TYPE, eventId: fixture.event_id }])
    expect(once).not.toHaveBeenCalled()
  })

  it('is optional', async () => {
    const receiver = createTestReceiver({ ...options, inbox: createPassingInbox() })
    expect((await receiver.send(await signEvent())).body).toBe('{"error":"schema_mismatch"}')
    expect(receiver.lines.filter(({ details }) => details.code === 'inbox_unavailable')).toEqual([])
  })

  it('is not called for a failure of the handler, which once sees', async () => {
    const recordFailure = vi.fn()
    const receiver = createTestReceiver({
      name: 'x',
      inbox: { ...createPassingInbox(), recordFailure },
      onEvent: () => Promise.reject(new Error('x')),
    })
    expect((await receiver.send(await signEvent())).body).toBe('{"error":"handler_failed"}')
    expect(recordFailure).not.toHaveBeenCalled()
  })

  it.each([
    { name: 'throws', cause: 'no connection', recordFailure: () => fail('no connection') },
    { name: 'rejects', cause: 'connection lost', recordFailure: async () => fail('connection lost') },
    { name: 'hangs', cause: 'timed out after 20 ms', recordFailure: () => new Promise<never>(() => {}) },
  ])('does not change the response if it $name, and is logged with its cause', async ({ cause, recordFailure }) => {
    const receiver = createTestReceiver({
      ...options,
      inboxTimeoutMs: 20,
      inbox: { ...createPassingInbox(), recordFailure },
    })
    const id = `event_${crypto.randomUUID()}`
    expect((await receiver.send(await signEvent({ event_id: id }))).body).toBe('{"error":"schema_mismatch"}')
    expect(receiver.lines[0]).toEqual({
      level: 'error',
      line: `[kinde-billing] inbox_unavailable (500) ${TYPE} ${id}: The inbox could not record a failed event. Cause: ${cause} ${docsUrl('inbox_unavailable')}`,
      details: { code: 'inbox_unavailable', status: 500, eventId: id, type: TYPE, stack: undefined },
    })
  })

  function fail(message: string): never {
    throw new Error(message)
  }
})

describe('DiscardEvent', () => {
  it('acknowledges, also under an inbox that does not know it', async () => {
    for (const inbox of [createMemoryInbox(), createPassingInbox()]) {
      const receiver = createTestReceiver({
        name: 'x',
        inbox,
        onEvent: () => {
          throw new DiscardEvent('a plan without a code')
        },
      })
      expect((await receiver.send(await signEvent())).body).toBe('{"status":"discarded"}')
      expect(receiver.outcomes[0]?.discarded?.message).toBe('a plan without a code')
    }
  })

  it('is marked: the next attempt is a duplicate', async () => {
    const receiver = createTestReceiver({
      onEvent: () => {
        throw new DiscardEvent('never')
      },
    })
    const token = await signEvent()
    await receiver.send(token)
    expect((await receiver.send(token)).body).toBe('{"status":"duplicate"}')
  })

  it('can be extended, and is recognized across copies of the package', () => {
    class Skip extends DiscardEvent {}
    expect(new Skip('x')).toBeInstanceOf(DiscardEvent)
    expect(new Skip('x')).toBeInstanceOf(Skip)
    expect(new DiscardEvent('x')).not.toBeInstanceOf(Skip)
    expect(Object.assign(new Error('x'), { [Symbol.for('kinde-billing.DiscardEvent')]: true })).toBeInstanceOf(
      DiscardEvent,
    )
  })
})

describe('an inbox that cannot work as it is set up', () => {
  it('names the setting in the answer of the receiver, and is not called unavailable', async () => {
    const fault = new KindeWebhookError('invalid_configuration', 'pool: is of the wrong kind.')
    const outcomes: DeliveryOutcome[] = []
    const receiver = createTestReceiver({
      name: 'billing',
      inbox: { once: () => Promise.reject(fault) },
      onOutcome: (outcome: DeliveryOutcome) => outcomes.push(outcome),
    })
    expect(await receiver.send(await signEvent())).toMatchObject({
      status: 500,
      body: '{"error":"invalid_configuration"}',
    })
    expect(outcomes[0]?.error?.message).toBe('pool: is of the wrong kind.')
  })
})

describe('HandlerFault', () => {
  it('makes the delivery handler_failed, with the fault as its cause', async () => {
    const fault = new HandlerFault('a deferred constraint failed at the commit')
    const receiver = createTestReceiver({ name: 'x', inbox: createPassingInbox(() => Promise.reject(fault)) })
    expect(await receiver.send(await signEvent())).toMatchObject({ status: 500, body: '{"error":"handler_failed"}' })
    expect(receiver.outcomes[0]?.error?.cause).toBe(fault)
  })

  it('is recognized across copies of the package', () => {
    const foreign = Object.assign(new Error('x'), { [Symbol.for('kinde-billing.HandlerFault')]: true })
    expect(foreign).toBeInstanceOf(HandlerFault)
    expect(new Error('x')).not.toBeInstanceOf(HandlerFault)
  })
})
