import type { BillingEvent, DataSchema } from '@kinde-billing/core'
import { createBillingReceiver, type DeliveryInbox, type HandlerDelivery } from '@kinde-billing/core/receiver'
import { describe, expectTypeOf, it } from 'vitest'
import {
  type Access,
  applyBillingEvent,
  type BillingChange,
  type BillingState,
  type BillingSummary,
  createBillingStateHandler,
  customerKey,
  definePlans,
  diffSummaries,
  type HandledEvent,
  mergeStates,
  type StateEvent,
  summarize,
} from './index.js'

interface Client {
  query(text: string): Promise<unknown>
}

declare const state: BillingState
declare const summary: BillingSummary
declare const event: BillingEvent
declare const schema: DataSchema<{ amount: number }>
declare const inbox: DeliveryInbox<Client>

describe('the pure functions', () => {
  it('take the events of the core, whatever dataSchemas make of data', () => {
    expectTypeOf(event).toExtend<StateEvent>()
    expectTypeOf<BillingEvent<{ 'customer.payment_failed': typeof schema }>>().toExtend<HandledEvent>()
    expectTypeOf(applyBillingEvent(undefined, event)).toEqualTypeOf<BillingState>()
    expectTypeOf<BillingEvent[]>().toExtend<Parameters<typeof applyBillingEvent>[1][]>()
    // @ts-expect-error claims are decoded first
    applyBillingEvent(undefined, event.claims)
  })

  it('take a state or none where a customer may be new', () => {
    expectTypeOf(summarize(undefined, { now: 0 })).toEqualTypeOf<BillingSummary>()
    expectTypeOf(summarize(state, { now: new Date(), policy: { overdueGraceMs: 0 } }).access).toEqualTypeOf<Access>()
    expectTypeOf(mergeStates(state, state)).toEqualTypeOf<BillingState>()
    expectTypeOf(diffSummaries(undefined, summarize(state, { now: 0 }))).toEqualTypeOf<BillingChange[]>()
    // @ts-expect-error the present is given, never read
    summarize(state, {})
    // @ts-expect-error a policy has no such member
    summarize(state, { now: 0, policy: { graceDays: 3 } })
  })

  it('tell whose an event is, or that it cannot be told', () => {
    expectTypeOf(customerKey(event)).toEqualTypeOf<string | undefined>()
    expectTypeOf(customerKey({ customer: { orgCode: 'org_1' } })).toEqualTypeOf<string | undefined>()
  })
})

it('changes are a union to switch on', () => {
  expectTypeOf<BillingChange['type']>().toEqualTypeOf<
    | 'access_granted'
    | 'access_lost'
    | 'plan_changed'
    | 'payment_due'
    | 'payment_recovered'
    | 'debt_dropped'
    | 'usage_changed'
  >()
  expectTypeOf<Extract<BillingChange, { type: 'access_lost' }>['access']>().toEqualTypeOf<
    'suspended' | 'cancelled' | 'none'
  >()
  expectTypeOf<Access>().toEqualTypeOf<'active' | 'past_due' | 'suspended' | 'cancelled' | 'none'>()
})

it('plans know the features and limits of their catalogue', () => {
  const plans = definePlans({ free: {}, pro: { features: ['exports'], limits: { seats: 10 } } })
  expectTypeOf(plans.can(summary, 'exports')).toEqualTypeOf<boolean>()
  expectTypeOf(plans.limit(summary, 'seats')).toEqualTypeOf<number>()
  expectTypeOf(plans.features(summary)).toEqualTypeOf<'exports'[]>()
  // @ts-expect-error no plan has this feature
  plans.can(summary, 'export')
  // @ts-expect-error no plan has this limit
  plans.limit(summary, 'exports')
})

describe('the handler', () => {
  it('is an onEvent, and its functions get the tx of the inbox', () => {
    createBillingReceiver({
      inbox,
      name: 'billing',
      onEvent: createBillingStateHandler({
        load: async (_key, { tx }: HandlerDelivery<unknown, Client>) => {
          await tx.query('select')
          return { state, version: 1 }
        },
        save: async (_key, _state, version, { tx }) => {
          expectTypeOf(version).toEqualTypeOf<number | undefined>()
          expectTypeOf(tx).toEqualTypeOf<Client>()
          return true
        },
        onChange(changes, { delivery, before, after, event }) {
          expectTypeOf(changes).toEqualTypeOf<readonly BillingChange[]>()
          expectTypeOf(delivery.tx).toEqualTypeOf<Client>()
          expectTypeOf(before).toEqualTypeOf<BillingSummary>()
          expectTypeOf(after).toEqualTypeOf<BillingSummary>()
          expectTypeOf(event.claims).toEqualTypeOf<Record<string, unknown>>()
        },
      }),
    })
  })

  it('goes with any receiver where its functions do not look at the delivery', () => {
    const onEvent = createBillingStateHandler({ load: () => undefined, save: () => true })
    createBillingReceiver({ onEvent })
    createBillingReceiver({ inbox, name: 'billing', onEvent })
    createBillingReceiver({ dataSchemas: { 'customer.payment_failed': schema }, onEvent })
    createBillingReceiver({
      on: {
        'customer.payment_failed': (event, delivery) => onEvent(event, delivery),
      },
    })
  })

  it('refuses a store for another tx, and one that does not say who was faster', () => {
    const onEvent = createBillingStateHandler({
      load: (_key, { tx }: HandlerDelivery<unknown, { other: true }>) => void tx.other,
      save: () => true,
    })
    // @ts-expect-error the inbox passes a Client
    createBillingReceiver({ inbox, name: 'billing', onEvent })
    // @ts-expect-error save resolves to a boolean
    createBillingStateHandler({ load: () => undefined, save: async () => undefined })
  })
})
