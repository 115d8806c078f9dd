import { runInNewContext } from 'node:vm'
import { createTestReceiver, issuer, signEvent, TYPE } from '@kinde-billing/test-support/test-receiver'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { KindeWebhookError } from '../index.js'
import { type BillingReceiverOptions, createBillingReceiver, createMemoryInbox, createWebHandler } from './index.js'

const onEvent = () => {}
const domain = { issuer: 'https://acme.kinde.com', onEvent }

afterEach(() => vi.unstubAllEnvs())

/** The message for wrong options. */
function messageFor(options: unknown, create: (options: never) => unknown = createBillingReceiver): string {
  try {
    create(options as never)
  } catch (error) {
    if (error instanceof KindeWebhookError && error.code === 'invalid_configuration') return error.message
    throw error
  }
  return 'none'
}

describe('an object of options', () => {
  class Settings {
    get issuer() {
      return issuer.issuer
    }
    get jwks() {
      return issuer.jwks
    }
    get onEvent() {
      return onEvent
    }
  }

  it.each<{ name: string; options: object }>([
    { name: 'is frozen', options: Object.freeze({ ...domain, jwks: issuer.jwks, keys: Object.freeze({}) }) },
    { name: 'has no prototype', options: Object.assign(Object.create(null), domain, { jwks: issuer.jwks }) },
    { name: 'is a proxy', options: new Proxy({ ...domain, jwks: issuer.jwks }, {}) },
    {
      name: 'is of another realm',
      options: Object.assign(runInNewContext('({ keys: {}, on: {} })'), domain, { jwks: issuer.jwks }),
    },
    { name: 'is an instance whose members are getters', options: new Settings() },
  ])('is taken if it $name', async ({ options }) => {
    const handle = createWebHandler(options as BillingReceiverOptions)
    const request = new Request('https://app.example/', { method: 'POST', body: await signEvent() })
    expect(await (await handle(request)).json()).toEqual({ status: 'processed' })
  })
})

describe('a wrong value', () => {
  it.each<{ options: unknown; message: RegExp }>([
    { options: undefined, message: /^options is undefined: pass an object/ },
    { options: { onEvent }, message: /^No issuer is set: set KINDE_ISSUER_URL in the environment, or pass issuer/ },
    {
      options: { issuer: () => 'https://acme.kinde.com', jwks: issuer.jwks, onEvent },
      message: /^issuer is a function, and jwks or jwksUri is set: .* Leave jwks and jwksUri out\.$/,
    },
    {
      options: { ...domain, on: { 'customer.payment_fail': () => {} } },
      message: /^on is "customer.payment_fail": it is keyed by event type: one of customer\.agreement_created, /,
    },
    {
      options: { ...domain, on: { [TYPE]: true } },
      message: /^on\['customer.payment_failed'\] is true: pass a function/,
    },
    { options: { ...domain, on: [] }, message: /^on is an array: pass an object, with a handler per event type\.$/ },
    { options: { ...domain, onEvent: 'x' }, message: /^onEvent is "x": pass a function, or leave it out\.$/ },
    { options: { ...domain, onOtherEvent: {} }, message: /^onOtherEvent is an object: pass a function/ },
    { options: { ...domain, onOutcome: {} }, message: /^onOutcome is an object: pass a function/ },
    {
      options: { ...domain, log: true },
      message: /^log is true: pass { warn\(line, details\), error\(line, details\) }, or false for none\.$/,
    },
    { options: { ...domain, log: { warn() {} } }, message: /^log is an object: pass/ },
    { options: { ...domain, inbox: {}, name: 'x' }, message: /^inbox is an object: pass an inbox/ },
    {
      options: { ...domain, inbox: createMemoryInbox() },
      message: /^name is undefined: name is required with inbox, so that endpoints sharing it stay separate: 1 to 64/,
    },
    { options: { ...domain, inbox: createMemoryInbox(), name: 'a b' }, message: /^name is "a b"/ },
    { options: { ...domain, name: '' }, message: /^name is ""/ },
    {
      options: { ...domain, handlerTimeoutMs: 2 ** 31 },
      message: /^handlerTimeoutMs is 2147483648: .* below 2147483648/,
    },
    { options: { ...domain, bodyTimeoutMs: -1 }, message: /^bodyTimeoutMs is -1: pass a number/ },
    { options: { ...domain, inboxTimeoutMs: '5' }, message: /^inboxTimeoutMs is "5": pass a number/ },
    { options: { ...domain, retentionMs: Number.NaN }, message: /^retentionMs is NaN: pass a number/ },
  ])('is refused: $message', ({ options, message }) => {
    vi.stubEnv('KINDE_ISSUER_URL', undefined)
    expect(messageFor(options)).toMatch(message)
  })
})

describe('an unknown option', () => {
  it.each<{ options: Record<string, unknown>; message: RegExp }>([
    {
      options: { onEvents: onEvent },
      message:
        /^The receiver has no option "onEvents": did you mean "onEvent"\? The options are on, onEvent, .*, now\.$/,
    },
    { options: { onevent: onEvent }, message: /no option "onevent": did you mean "onEvent"\?/ },
    { options: { handlerTimeout: 5 }, message: /no option "handlerTimeout": did you mean "handlerTimeoutMs"\?/ },
    { options: { isuer: 'x' }, message: /no option "isuer": did you mean "issuer"\?/ },
    { options: { replayWindow: 1 }, message: /no option "replayWindow": did you mean "replayWindowMs"\?/ },
    { options: { ledger: false }, message: /^The receiver has no option "ledger"\. The options are on, / },
    { options: { 'a\nb': 1 }, message: /no option "a\\nb"/ },
    { options: { keys: { timeout: 1 } }, message: /^keys has no option "timeout": did you mean "timeoutMs"\?/ },
    { options: { keys: new Map([['timeoutMs', 1]]) }, message: /^keys is a Map: pass an object, such as/ },
  ])('is refused by the receiver: $message', ({ options, message }) => {
    expect(messageFor({ ...domain, ...options })).toMatch(message)
    expect(messageFor({ ...domain, ...options }, createWebHandler)).toMatch(message)
  })

  it('is refused by the memory inbox', () => {
    expect(messageFor({ maxEntires: 5 }, createMemoryInbox)).toMatch(
      /^createMemoryInbox has no option "maxEntires": did you mean "maxEntries"\? The options are maxEntries, now, onWarning\.$/,
    )
  })

  it('is refused although its value is undefined', () => {
    expect(messageFor({ ...domain, onEvents: undefined })).toMatch(/no option "onEvents"/)
  })
})

describe('a receiver without handlers', () => {
  const { issuer: url } = domain

  it.each([
    { issuer: url },
    { issuer: url, onOutcome: () => {} },
    { issuer: url, on: undefined, onEvent: undefined, onOtherEvent: undefined },
    { issuer: url, on: { [TYPE]: undefined } },
  ])('is refused (%#)', (options) => {
    expect(messageFor(options)).toBe(
      'No handler is set, so every event would be acknowledged and lost. Pass on, onEvent or onOtherEvent, or on: {} to acknowledge everything on purpose.',
    )
  })

  it.each([
    { issuer: url, on: {} },
    { issuer: url, onEvent },
    { issuer: url, onOtherEvent: onEvent },
    { issuer: url, on: { [TYPE]: onEvent } },
  ])('is one that has neither on, onEvent nor onOtherEvent (%#)', (options) => {
    expect(messageFor(options)).toBe('none')
  })

  it('is refused if its handlers are in a Map', () => {
    expect(messageFor({ issuer: url, on: new Map([[TYPE, onEvent]]) })).toBe(
      'on is a Map: pass an object, with a handler per event type.',
    )
  })

  class Handlers {
    'customer.payment_failed'() {}
    'customer.plan_chnaged'() {}
  }
  class OwnHandlers extends Handlers {
    'customer.plan_changed' = onEvent
  }

  it.each([new Handlers(), new OwnHandlers(), Object.create({ [TYPE]: onEvent })])(
    'is refused if its handlers are in a class or a prototype (%#)',
    (on) => {
      expect(messageFor({ issuer: url, on })).toMatch(
        /^on is "customer\.payment_failed": members of a class or a prototype are not looked at\. Pass a plain object/,
      )
    },
  )

  it.each([
    { name: 'onEvent', options: { async *onEvent() {} } },
    { name: `on['${TYPE}']`, options: { on: { *[TYPE]() {} } } },
    { name: 'onOutcome', options: { onEvent, *onOutcome() {} } },
  ])('is refused if $name is a generator function', ({ name, options }) => {
    expect(messageFor({ issuer: url, ...options })).toBe(
      `${name} is a function: pass a plain or an async function, because nothing runs a generator.`,
    )
  })

  it('acknowledges everything with on: {}', async () => {
    const receiver = createTestReceiver({ on: {}, onEvent: undefined })
    expect((await receiver.send(await signEvent())).body).toBe('{"status":"ignored"}')
    expect((await receiver.send(await signEvent({ type: 'user.created' }))).body).toBe('{"status":"unsupported"}')
  })
})

describe('the issuer from the environment', () => {
  it('is KINDE_ISSUER_URL, without the line break that secret managers add', async () => {
    vi.stubEnv('KINDE_ISSUER_URL', `${issuer.issuer}\n`)
    const receiver = createTestReceiver({ issuer: undefined })
    expect((await receiver.send(await signEvent({ iss: issuer.issuer }))).status).toBe(200)
  })

  it.each(['acme.kinde.com', ''])('is named in the error if it is %j', (value) => {
    vi.stubEnv('KINDE_ISSUER_URL', value)
    expect(messageFor({ onEvent })).toBe(
      `KINDE_ISSUER_URL is "${value}": pass a URL such as https://acme.kinde.com, with its scheme and without query, fragment, credentials, quotes or spaces.`,
    )
  })
})

describe('the receiver’s name', () => {
  it.each<{ options: BillingReceiverOptions<string>; name: string }>([
    { options: {}, name: 'default' },
    { options: { name: 'billing' }, name: 'billing' },
    { options: { name: 'a.B_c-1', inbox: createMemoryInbox() }, name: 'a.B_c-1' },
  ])('is $name', ({ options, name }) => {
    expect(createTestReceiver(options).name).toBe(name)
  })
})

describe('functions of the context', () => {
  const never: never[] = []

  it.each<{ name: string; options: BillingReceiverOptions<string>; message: RegExp }>([
    {
      name: 'an issuer that is a promise',
      options: { jwks: undefined, issuer: (() => Promise.reject(new Error('x'))) as () => never },
      message: /^issuer is a Promise: pass a URL/,
    },
    {
      name: 'an issuer that is a promise of another realm',
      options: { jwks: undefined, issuer: runInNewContext("() => Promise.reject(new Error('x'))") },
      message: /^issuer is a Promise: pass a URL/,
    },
    {
      name: 'an issuer that throws',
      options: { jwks: undefined, issuer: () => never.length.toFixed(-1) },
      message: /^The issuer function threw\. It must return the issuer of the request, synchronously\.$/,
    },
    {
      name: 'an inbox that is a promise',
      options: { name: 'x', inbox: (() => Promise.reject(new Error('x'))) as () => never },
      message: /^inbox is a Promise: the function must return an inbox, synchronously\.$/,
    },
  ])('refuse $name', async ({ options, message }) => {
    const receiver = createTestReceiver({ fetch: async () => Response.json(issuer.jwks), ...options })
    expect((await receiver.send(await signEvent())).status).toBe(500)
    expect(receiver.outcomes).toMatchObject([
      { outcome: 'invalid_configuration', error: { message: expect.stringMatching(message) } },
    ])
  })
})
