import nodeFetch from 'node-fetch'
import { Agent, fetch as undiciFetch } from 'undici'
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
  type NoSchemas,
  type OtherEvent,
  type PlanChangedEvent,
  type UnsupportedEventError,
  verifyAndParse,
} from './index.js'
import type { BillingVerifierOptions, KEY_OPTIONS, KeyOptions, VERIFIER_OPTIONS } from './options.js'
import {
  createBillingReceiver,
  createMemoryInbox,
  createWebHandler,
  type DeliveryInbox,
  type DeliveryOutcome,
  type HandlerDelivery,
} from './receiver/index.js'
import type { OwnInbox, RECEIVER_OPTIONS, ReceiverOptions } from './receiver/options.js'

const issuer = 'https://acme.kinde.com'

/** The words of a text. */
type Words<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Words<Rest> : Text

describe('the names of options', () => {
  it('are those of the types', () => {
    type Own = keyof ReceiverOptions<unknown, unknown, NoSchemas> | keyof OwnInbox<unknown, unknown>
    expectTypeOf<Words<typeof KEY_OPTIONS>>().toEqualTypeOf<keyof KeyOptions>()
    expectTypeOf<Words<typeof VERIFIER_OPTIONS>>().toEqualTypeOf<keyof BillingVerifierOptions>()
    expectTypeOf<Words<typeof RECEIVER_OPTIONS>>().toEqualTypeOf<Exclude<Own, keyof BillingVerifierOptions>>()
  })
})

describe('narrowing', () => {
  it('gives each type its groups, and a switch over all types is exhaustive', () => {
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

  it('refuses a switch that leaves a type out', () => {
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

  it('picks one event by its type, and types the members that all have', () => {
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

describe('dataSchemas', () => {
  const assertData = (event: BillingEvent<typeof dataSchemas>): void => {
    if (event.type === 'customer.meter_usage_updated') expectTypeOf(event.data).toEqualTypeOf<{ quantity: number }>()
    else if (event.type === 'customer.plan_changed') expectTypeOf(event.data).toEqualTypeOf<{ plan: string }>()
    else expectTypeOf(event.data).toEqualTypeOf<EventData>()
  }

  it('types the data of its own event alone, through the verifier', async () => {
    const verifier = createBillingVerifier({ issuer, dataSchemas })
    expectTypeOf(verifier.verifyAndParse).returns.resolves.toEqualTypeOf<BillingEvent<typeof dataSchemas>>()
    const result = await verifier.safeVerifyAndParse('')
    if (result.ok) assertData(result.event)
    else expectTypeOf(result.error).toEqualTypeOf<KindeWebhookError>()
    assertData(await verifyAndParse('', { issuer, dataSchemas }))
    expectTypeOf(createBillingVerifier({ issuer }).verifyAndParse).returns.resolves.toEqualTypeOf<BillingEvent>()
  })

  it('types the data of its own event alone, through the receiver', () => {
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

  it('refuses a misspelled type', () => {
    // @ts-expect-error no such event type
    createBillingVerifier({ issuer, dataSchemas: { 'customer.plan_change': v.object({}) } })
    // @ts-expect-error not a schema
    createBillingVerifier({ issuer, dataSchemas: { 'customer.plan_changed': (data: unknown) => data } })
  })
})

describe('receiver options', () => {
  it('infers handlers by their key', () => {
    createBillingReceiver({
      issuer,
      on: { 'customer.plan_changed': (event) => expectTypeOf(event).toEqualTypeOf<PlanChangedEvent>() },
      onEvent: (event) => expectTypeOf(event).toEqualTypeOf<BillingEvent>(),
      onOtherEvent: (event) => expectTypeOf(event).toEqualTypeOf<OtherEvent>(),
    })
    createBillingReceiver({
      issuer,
      on: {
        // @ts-expect-error a misspelled event type
        'customer.plan_change': () => {},
      },
    })
  })

  it('requires a name with inbox, and types tx by the inbox', () => {
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

  it('infers the context from the issuer or from a handler', () => {
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

  it('gives handlers the reason of a redelivery', () => {
    createBillingReceiver({
      issuer,
      onEvent: (_, { redelivery }) =>
        expectTypeOf(redelivery).toEqualTypeOf<{ reason: string | undefined } | undefined>(),
    })
  })

  it('requires the context of a redelivery', () => {
    const receiver = createBillingReceiver({
      issuer: (tenant: { domain: string }) => tenant.domain,
      on: {},
      dataSchemas,
    })
    expectTypeOf(receiver.redeliver).toBeCallableWith({}, { context: { domain: 'x' }, reason: 'fixed' })
    expectTypeOf(receiver.redeliver).returns.resolves.toEqualTypeOf<DeliveryOutcome<typeof dataSchemas>>()
    // @ts-expect-error the context is missing
    void receiver.redeliver({}, {})
  })

  it('accepts console, a structured log or false as log', () => {
    const structured = { warn: (line: string, details: object) => [line, details], error: () => {} }
    for (const log of [console, structured, false] as const) createBillingReceiver({ issuer, log, on: {} })
    // @ts-expect-error error is missing
    createBillingReceiver({ issuer, log: { warn: () => {} }, on: {} })
  })

  it('passes a context to a web handler if one is named', () => {
    expectTypeOf(createWebHandler({ issuer, on: {} })).toBeCallableWith(new Request('https://x.test'))
    // Deno.serve, Bun.serve and Workers pass more than the request.
    expectTypeOf(createWebHandler({ issuer, on: {} })).toExtend<
      (request: Request, env: { A: string }) => Promise<Response>
    >()
    const handle = createWebHandler({ issuer: (env: { ISSUER: string }) => env.ISSUER })
    expectTypeOf(handle).toBeCallableWith(new Request('https://x.test'), { ISSUER: 'x' })
    // @ts-expect-error the context is missing
    handle(new Request('https://x.test'))
  })

  it('requires the issuer of a verifier, as a string', () => {
    // @ts-expect-error no issuer
    createBillingVerifier({})
    // @ts-expect-error a number
    createBillingVerifier({ issuer: 1 })
  })

  it('refuses an unknown option', () => {
    // @ts-expect-error onEvents for onEvent
    createBillingReceiver({ issuer, onEvents: () => {} })
    // @ts-expect-error timeout for timeoutMs
    createBillingVerifier({ issuer, keys: { timeout: 5 } })
  })
})

describe('the fetch option', () => {
  it('accepts the global fetch, and those of undici and node-fetch', () => {
    for (const fetch of [globalThis.fetch, undiciFetch, nodeFetch]) createBillingVerifier({ issuer, fetch })
    createBillingVerifier({ issuer, fetch: undiciFetch })
    createBillingVerifier({ issuer, fetch: nodeFetch })
    createBillingReceiver({ issuer, fetch: undiciFetch, on: {} })
  })

  it('accepts a wrapper that adds a dispatcher or an agent', () => {
    const dispatcher = new Agent()
    createBillingVerifier({ issuer, fetch: (url, init) => undiciFetch(url, { ...init, dispatcher }) })
    createBillingVerifier({ issuer, fetch: (url, init) => nodeFetch(url, { ...init, compress: false }) })
    createBillingVerifier({ issuer, fetch: async () => new Response('{"keys":[]}') })
  })

  it('refuses a function that does not return a response', () => {
    // @ts-expect-error no status and no body
    createBillingVerifier({ issuer, fetch: async () => ({ keys: [] }) })
  })
})

describe('UnsupportedEventError', () => {
  it('has the event of another type, or undefined', () => {
    expectTypeOf<UnsupportedEventError['event']>().toEqualTypeOf<OtherEvent | undefined>()
    expectTypeOf<OtherEvent['data']>().toEqualTypeOf<EventData>()
  })
})
