import * as v from 'valibot'
import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import {
  assertNever,
  type BillingEvent,
  type BillingEventOf,
  createBillingVerifier,
  type EventData,
  isBillingEventType,
  isKindeWebhookError,
  type KindeWebhookError,
  type PlanChangedEvent,
  verifyAndParse,
} from './index.js'
import {
  createBillingReceiver,
  createMemoryInbox,
  createWebHandler,
  type DeliveryInbox,
  type HandlerDelivery,
} from './receiver/index.js'

const issuer = 'https://acme.kinde.com'

describe('narrowing', () => {
  it('gives each type its groups, and a switch over the eight is exhaustive', () => {
    const groups = (event: BillingEvent): unknown => {
      switch (event.type) {
        case 'customer.agreement_created':
        case 'customer.agreement_cancelled':
          expectTypeOf(event.invoice.dueOn).toEqualTypeOf<Date | undefined>()
          return expectTypeOf(event.plan).toEqualTypeOf<{
            id: string | undefined
            code: string | undefined
            name: string | undefined
          }>()
        case 'customer.plan_assigned':
        case 'customer.plan_changed':
          // @ts-expect-error plan events have no invoice
          expectTypeOf(event.invoice).toBeAny()
          return event.plan.code
        case 'customer.invoice_overdue':
        case 'customer.payment_failed':
        case 'customer.payment_succeeded':
          // @ts-expect-error payments have no usage
          expectTypeOf(event.usage).toBeAny()
          return event.invoice.dueOn
        case 'customer.meter_usage_updated':
          return expectTypeOf(event.usage.quantity).toEqualTypeOf<number | undefined>()
        default:
          return assertNever(event)
      }
    }
    expectTypeOf(groups).returns.toBeUnknown()
  })

  it('leaving a type out does not compile', () => {
    const planOnly = (event: BillingEventOf<'customer.plan_changed' | 'customer.payment_failed'>): unknown => {
      switch (event.type) {
        case 'customer.plan_changed':
          return event.plan
        default:
          // @ts-expect-error payment_failed has no case
          return assertNever(event)
      }
    }
    expectTypeOf(planOnly).toBeFunction()
  })

  it('BillingEventOf picks one, and what all have is typed', () => {
    expectTypeOf<BillingEventOf<'customer.plan_changed'>>().toEqualTypeOf<PlanChangedEvent>()
    expectTypeOf<BillingEvent['customer']['kind']>().toEqualTypeOf<'user' | 'organization' | 'unknown'>()
    expectTypeOf<BillingEvent['claims']>().toEqualTypeOf<Record<string, unknown>>()
    expectTypeOf<BillingEvent['data']>().toEqualTypeOf<EventData>()
    const text: unknown = 'x'
    if (isBillingEventType(text)) expectTypeOf(text).toEqualTypeOf<BillingEvent['type']>()
    if (isKindeWebhookError(text)) expectTypeOf(text).toEqualTypeOf<KindeWebhookError>()
  })
})

const dataSchemas = {
  'customer.meter_usage_updated': v.object({ quantity: v.number() }),
  'customer.plan_changed': z.object({ plan_code: z.string() }).transform(({ plan_code }) => ({ plan: plan_code })),
}

describe('schemas type the data of their own event alone', () => {
  const judge = (event: BillingEvent<typeof dataSchemas>): void => {
    if (event.type === 'customer.meter_usage_updated') expectTypeOf(event.data).toEqualTypeOf<{ quantity: number }>()
    else if (event.type === 'customer.plan_changed') expectTypeOf(event.data).toEqualTypeOf<{ plan: string }>()
    else expectTypeOf(event.data).toEqualTypeOf<EventData>()
  }

  it('through the verifier', async () => {
    const verifier = createBillingVerifier({ issuer, dataSchemas })
    expectTypeOf(verifier.verifyAndParse).returns.resolves.toEqualTypeOf<BillingEvent<typeof dataSchemas>>()
    const result = await verifier.safeVerifyAndParse('')
    if (result.ok) judge(result.event)
    else expectTypeOf(result.error).toEqualTypeOf<KindeWebhookError>()
    judge(await verifyAndParse('', { issuer, dataSchemas }))
    expectTypeOf(createBillingVerifier({ issuer }).verifyAndParse).returns.resolves.toEqualTypeOf<BillingEvent>()
  })

  it('through the receiver', () => {
    createBillingReceiver({
      issuer,
      dataSchemas,
      on: {
        'customer.meter_usage_updated': (event) => expectTypeOf(event.data.quantity).toBeNumber(),
        'customer.payment_failed': (event) => expectTypeOf(event.data).toEqualTypeOf<EventData>(),
      },
      onOutcome: ({ event }) => event?.type === 'customer.plan_changed' && expectTypeOf(event.data.plan).toBeString(),
    })
  })

  it('and their keys are spelled right', () => {
    // @ts-expect-error no such event type
    createBillingVerifier({ issuer, dataSchemas: { 'customer.plan_change': v.object({}) } })
    // @ts-expect-error not a schema
    createBillingVerifier({ issuer, dataSchemas: { 'customer.plan_changed': (data: unknown) => data } })
  })
})

describe('receiver options', () => {
  it('handlers are inferred by their key', () => {
    createBillingReceiver({
      issuer,
      on: { 'customer.plan_changed': (event) => expectTypeOf(event).toEqualTypeOf<PlanChangedEvent>() },
      onEvent: (event) => expectTypeOf(event).toEqualTypeOf<BillingEvent>(),
      onOtherEvent: (error) => expectTypeOf(error.type).toBeString(),
    })
    createBillingReceiver({
      issuer,
      on: {
        // @ts-expect-error a misspelled event type
        'customer.plan_change': () => {},
      },
    })
  })

  it('an inbox given needs a name, and lends handlers its tx', () => {
    const inbox: DeliveryInbox<{ query(sql: string): void }> = { once: async () => 'duplicate' }
    createBillingReceiver({
      issuer,
      inbox,
      name: 'billing',
      onEvent: (_, { tx }) => expectTypeOf(tx).toEqualTypeOf<{ query(sql: string): void }>(),
    })
    // @ts-expect-error the endpoint's name is missing
    createBillingReceiver({ issuer, inbox })
    createBillingReceiver({
      issuer,
      inbox: createMemoryInbox(),
      name: 'x',
      onEvent: (_, { tx }) => expectTypeOf(tx).toBeUndefined(),
    })
    createBillingReceiver({ issuer, inbox: false, onEvent: (_, { tx }) => expectTypeOf(tx).toBeUndefined() })
  })

  it('a context is named at the issuer or at a handler', () => {
    const one = createBillingReceiver({
      issuer: (tenant: { domain: string }) => tenant.domain,
      onEvent: (_, { context }) => expectTypeOf(context.domain).toBeString(),
    })
    expectTypeOf(one.receive).parameter(0).toHaveProperty('context').toEqualTypeOf<{ domain: string }>()
    const other = createBillingReceiver({
      issuer,
      onEvent: (_: BillingEvent, { context }: HandlerDelivery<number, undefined>) => context.toFixed(),
    })
    expectTypeOf(other.receive).parameter(0).toHaveProperty('context').toBeNumber()
  })

  it('a web handler takes a context where one is named', () => {
    expectTypeOf(createWebHandler({ issuer })).toBeCallableWith(new Request('https://x.test'))
    // what Deno.serve, Bun.serve and Workers pass besides is no mistake
    expectTypeOf(createWebHandler({ issuer })).toExtend<(request: Request, env: { A: string }) => Promise<Response>>()
    const handle = createWebHandler({ issuer: (env: { ISSUER: string }) => env.ISSUER })
    expectTypeOf(handle).toBeCallableWith(new Request('https://x.test'), { ISSUER: 'x' })
    // @ts-expect-error the context is missing
    handle(new Request('https://x.test'))
  })

  it('an issuer is required by the verifier, and a string', () => {
    // @ts-expect-error no issuer
    createBillingVerifier({})
    // @ts-expect-error a number
    createBillingVerifier({ issuer: 1 })
  })
})
