import type { BillingEvent } from '@kinde-billing/core'
import { createBillingReceiver, DiscardEvent, type HandlerDelivery } from '@kinde-billing/core/receiver'
import { at, fold, LATER, minute } from '@kinde-billing/test-support/billing-events'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { describe, expect, it } from 'vitest'
import {
  type BillingState,
  type BillingStateHandlerOptions,
  createBillingStateHandler,
  type StoredState,
  summarize,
} from './index.js'

const delivery: HandlerDelivery<unknown, undefined> = {
  webhookId: undefined,
  receivedAt: minute(0),
  context: undefined,
  signal: new AbortController().signal,
  tx: undefined,
  redelivery: undefined,
}

const KEY = 'customer:customer_1'
const now = () => LATER.getTime()
const created = at(0, 'created', { agreement: 'a', plan: 'basic' })

/** A store as a database is one: it gives copies, takes a turn for each step, and refuses an outdated version. */
function createStore() {
  const rows = new Map<string, { json: string; version: number }>()
  let saves = 0
  return {
    get saves() {
      return saves
    },
    state: (key = KEY): BillingState | undefined => JSON.parse(rows.get(key)?.json ?? 'null') ?? undefined,
    async load(key: string): Promise<StoredState<number> | undefined> {
      await Promise.resolve()
      const row = rows.get(key)
      return row && { state: JSON.parse(row.json), version: row.version }
    },
    async save(key: string, state: BillingState, version: number | undefined): Promise<boolean> {
      await Promise.resolve()
      if (rows.get(key)?.version !== version) return false
      rows.set(key, { json: JSON.stringify(state), version: (version ?? 0) + 1 })
      saves++
      return true
    },
  }
}

type Options = BillingStateHandlerOptions<unknown, undefined, number>

function setUp(options: Partial<Options> = {}) {
  const store = createStore()
  const changes: string[] = []
  const handle = createBillingStateHandler({
    load: store.load,
    save: store.save,
    now,
    onChange(found, { key }) {
      for (const { type } of found) changes.push(`${key} ${type}`)
    },
    ...options,
  })
  return { store, changes, handle: (event: BillingEvent) => handle(event, delivery) }
}

describe('the handler', () => {
  it('keeps one state per customer and tells what changed', async () => {
    const { store, changes, handle } = setUp()
    const events = [created, at(1, 'failed', { agreement: 'a' }), at(2, 'paid', { agreement: 'a' })]
    for (const event of events) await handle(event)
    await handle(at(0, 'created', { agreement: 'z', customer: 'customer_2' }))
    expect(store.state()).toStrictEqual(fold(events))
    expect(changes).toEqual([
      `${KEY} access_granted`,
      `${KEY} payment_due`,
      `${KEY} payment_recovered`,
      'customer:customer_2 access_granted',
    ])
  })

  it('saves nothing and tells nothing where an event is not new', async () => {
    const { store, changes, handle } = setUp()
    for (const event of [created, created]) await handle(event)
    expect(store.saves).toBe(1)
    expect(changes).toHaveLength(1)
  })

  it('tells the summaries before and after, the event and the delivery', async () => {
    const seen: unknown[] = []
    const { handle } = setUp({
      onChange: (_, { before, after, event, delivery: given, key }) =>
        seen.push(before.access, after.access, event, given, key),
    })
    await handle(created)
    expect(seen).toEqual(['none', 'active', created, delivery, KEY])
  })

  it('sees changes by the policy and the clock that it is given', async () => {
    const events = [created, at(1, 'cancelled', { agreement: 'a' })]
    const waiting = setUp({ now: () => minute(2).getTime() })
    for (const event of events) await waiting.handle(event)
    expect(waiting.changes).toEqual([`${KEY} access_granted`])
    const strict = setUp({ now: () => minute(2).getTime(), policy: { cancellationGraceMs: 0 } })
    for (const event of events) await strict.handle(event)
    expect(strict.changes).toEqual([`${KEY} access_granted`, `${KEY} access_lost`])
  })
})

describe('a review', () => {
  it('is scheduled where time alone will change something, and once', async () => {
    const reviews: string[] = []
    const { changes, handle } = setUp({
      now: () => minute(2).getTime(),
      policy: { pastDueGraceMs: 60 * 60_000 },
      scheduleReview: (reviewAt, { key, event }) => reviews.push(`${key} ${event.type} ${reviewAt.toISOString()}`),
    })
    await handle(created)
    await handle(at(1, 'failed', { agreement: 'a' }))
    await handle(at(1.5, 'failed', { agreement: 'a' }))
    await handle(at(1.7, 'cancelled', { agreement: 'a' }))
    expect(reviews).toEqual([
      `${KEY} customer.payment_failed ${minute(61).toISOString()}`,
      `${KEY} customer.agreement_cancelled ${minute(16.7).toISOString()}`,
    ])
    expect(changes).toEqual([`${KEY} access_granted`, `${KEY} payment_due`])
  })
})

describe('where another writer was faster', () => {
  it('loads again, and loses neither of the two', async () => {
    const store = createStore()
    const other = setUp({ load: store.load, save: store.save })
    const failed = at(1, 'failed', { agreement: 'a' })
    let races = 0
    const { handle, changes } = setUp({
      load: store.load,
      async save(...step) {
        if (races++ === 0) await other.handle(created)
        return store.save(step[0], step[1], step[2])
      },
    })
    await handle(failed)
    expect(store.state()).toStrictEqual(fold([created, failed]))
    expect(changes).toEqual([`${KEY} payment_due`])
  })

  it('tells nothing that the other writer has told', async () => {
    const store = createStore()
    const other = setUp({ load: store.load, save: store.save })
    const { handle, changes } = setUp({
      load: store.load,
      async save(...step) {
        await other.handle(created)
        return store.save(step[0], step[1], step[2])
      },
    })
    await handle(created)
    expect(changes).toEqual([])
    expect(other.changes).toEqual([`${KEY} access_granted`])
  })

  it('ends where one after the other would: 100 at once', async () => {
    const { store, changes, handle } = setUp()
    const events = Array.from({ length: 100 }, (_, index) =>
      at(index, 'usage', { meter: `m${index % 3}`, quantity: index }),
    )
    await Promise.all(events.map(handle))
    expect(JSON.stringify(store.state())).toBe(JSON.stringify(fold(events)))
    expect(store.saves).toBe(100)
    expect(changes.filter((change) => change.endsWith('access_granted'))).toHaveLength(1)
  })

  it('gives up after maxAttempts, so that Kinde tries again', async () => {
    let saves = 0
    const { handle } = setUp({ save: () => ++saves < 0, maxAttempts: 7 })
    await expect(handle(created)).rejects.toThrow('save returned false 7 times (maxAttempts)')
    expect(saves).toBe(7)
  })
})

describe('failures', () => {
  it.each(['load', 'save', 'onChange'] as const)('fail the delivery if they are of %s', async (name) => {
    const { handle } = setUp({ [name]: () => Promise.reject(new Error(`${name} is down`)) })
    await expect(handle(created)).rejects.toThrow(`${name} is down`)
  })

  it('show at creation if they are in the settings', () => {
    expect(() => setUp({ policy: { pastDueGraceMs: -1 } })).toThrow('policy.pastDueGraceMs')
    expect(() => setUp({ maxAttempts: 0 })).toThrow('maxAttempts')
    expect(() => setUp({ onChanges: () => undefined } as Partial<Options>)).toThrow('did you mean "onChange"')
    expect(() => createBillingStateHandler({})).toThrow('store is undefined: pass either store, or load and save')
    expect(() => createBillingStateHandler({ transaction: 1 } as object)).toThrow('no option "transaction"')
    for (const name of ['onChange', 'scheduleReview', 'key', 'onMissingKey', 'now'])
      expect(() => setUp({ [name]: null })).toThrow(`${name} is null: pass a function, or leave it out.`)
    expect(() => createBillingStateHandler(Object({ store: null }))).toThrow('store is null: pass a store')
    expect(() => createBillingStateHandler(Object(new Map()))).toThrow('options is a Map: pass an object')
    const store = { ...createStore(), policy: { pastDueGraceMs: 1 } }
    expect(() => createBillingStateHandler({ store, policy: {} })).toThrow('pass it to the store instead')
  })
})

describe('an event of which it cannot be told whose it is', () => {
  const nobodys = at(0, 'paid', { customer: ' ' })

  it('is discarded by default, and reaches no store', async () => {
    const { store, handle } = setUp()
    await expect(handle(nobodys)).rejects.toBeInstanceOf(DiscardEvent)
    await expect(handle(nobodys)).rejects.toThrow('customer.payment_succeeded names no customer')
    expect(store.saves).toBe(0)
  })

  it('is handed to onMissingKey where there is one', async () => {
    const kept: unknown[] = []
    const { handle } = setUp({ onMissingKey: (event) => kept.push(event.claims) })
    await handle(nobodys)
    expect(kept).toEqual([nobodys.claims])
  })

  it('does not exist where the application has a key of its own', async () => {
    const { store, handle } = setUp({ key: (event) => `acme ${event.agreement.id}` })
    await handle(created)
    expect(store.state('acme a')).toStrictEqual(fold([created]))
  })
})

it('works as the onEvent of a receiver', async () => {
  const issuer = await createTestIssuer()
  const store = createStore()
  const outcomes: string[] = []
  const receiver = createBillingReceiver({
    issuer: issuer.issuer,
    jwks: issuer.jwks,
    onWarning() {},
    onEvent: createBillingStateHandler({ load: store.load, save: store.save }),
    onOutcome: ({ outcome }) => outcomes.push(outcome),
  })
  const claims = billingEventFixture('customer.agreement_created', { data: { customer_id: 'customer_1' } })
  const { data: _, ...rest } = claims
  for (const each of [claims, claims, { ...rest, event_id: 'event_nobody', data: {} }]) {
    const token = await issuer.sign(each)
    const header = (name: string) => (name === 'content-type' ? 'application/jwt' : undefined)
    await receiver.receive({ method: 'POST', header, body: () => token, context: undefined })
  }
  expect(outcomes).toEqual(['processed', 'duplicate', 'discarded'])
  expect(summarize(store.state(), { now: LATER }).changedBy).toEqual({
    id: claims.event_id,
    type: 'customer.agreement_created',
  })
})
