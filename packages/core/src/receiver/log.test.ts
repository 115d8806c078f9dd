import { eventually } from '@kinde-billing/test-support/deferred'
import {
  createRequest,
  createTestReceiver,
  issuer,
  type LogLine,
  signEvent,
  stranger,
  TYPE,
} from '@kinde-billing/test-support/test-receiver'
import { billingEventFixture } from '@kinde-billing/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { docsUrl } from '../log.js'
import { type BillingLog, createLazyWebHandler, DiscardEvent } from './index.js'

const MINUTE = 60_000
let now = Date.now()

beforeEach(() => {
  // Each test begins in another minute, so that no line is a repetition of an earlier test's.
  now += 2 * MINUTE
  vi.useFakeTimers({ toFake: ['Date'], now })
  vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const pass = (ms: number) => {
  now += ms
  vi.setSystemTime(now)
}

const printed = (level: 'warn' | 'error') => vi.mocked(console[level]).mock.calls.map(([line]) => String(line))

function createLog(): BillingLog & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  return {
    lines,
    warn: (line, details) => lines.push({ level: 'warn', line, details }),
    error: (line, details) => lines.push({ level: 'error', line, details }),
  }
}

const failing = (message: string) => () => Promise.reject(new Error(message))

describe('the default log', () => {
  it('prints code, status, type, event id, fix, cause and stack of a failing handler on the console', async () => {
    const receiver = createTestReceiver({
      log: undefined,
      onEvent: function unlock() {
        throw new Error('database\nis down', { cause: new Error('ECONNREFUSED') })
      },
    })
    const token = await signEvent({ event_id: 'event_1' })
    await receiver.send(token)
    const [line, ...stack] = printed('error').join().split('\n')
    expect(line).toBe(
      `[kinde-billing] handler_failed (500) ${TYPE} event_1: A handler of ${TYPE} threw. Kinde will try again. Throw a DiscardEvent for an event that can never succeed. Cause: database\\nis down (ECONNREFUSED) ${docsUrl('handler_failed')}`,
    )
    expect(stack[0]).toMatch(/^ {4}at .*unlock.*log\.test\.ts/)
    expect(printed('error')).toHaveLength(1)
    expect(printed('error').join()).not.toContain(token.slice(0, 30))
  })

  it('prints the issues of a refused payload', async () => {
    await createTestReceiver({ log: undefined }).send(await signEvent({ event_id: '' }))
    expect(printed('error')).toEqual([
      `[kinde-billing] invalid_payload (400): The signed payload does not have the shape of an event. event_id must be a non-blank string of at most 256 characters. ${docsUrl('invalid_payload')}`,
    ])
  })

  it('prints warnings', async () => {
    const receiver = createTestReceiver({ log: undefined })
    await receiver.send(await issuer.sign({ ...billingEventFixture(TYPE), data: {} }))
    expect(printed('warn')).toEqual([
      expect.stringMatching(/^\[kinde-billing\] customer_not_found: .*event\.data\. https:\S+#customer_not_found$/),
    ])
  })

  it.each([
    {
      name: 'throws',
      method: () => {
        throw new Error('no console.error in tests')
      },
    },
    { name: 'is missing', method: undefined as never },
  ])('does not affect the response if the console $name', async ({ method }) => {
    const log = { error: () => Promise.reject(new Error('the disk is full')), warn() {} }
    const console = { ...globalThis.console, error: method, warn: method }
    vi.stubGlobal('console', console)
    const failing = { onEvent: () => Promise.reject(new Error('down')) }
    for (const options of [{ log: undefined }, { log }])
      expect((await createTestReceiver({ ...options, ...failing }).send(await signEvent())).status).toBe(500)
    const ignoring = createTestReceiver({ log: undefined, on: {}, onEvent: undefined })
    expect((await ignoring.send(await signEvent())).status).toBe(200)
    vi.unstubAllGlobals()
  })

  it('prints nothing of a success', async () => {
    const receiver = createTestReceiver({ log: undefined })
    const token = await signEvent()
    await receiver.send(token)
    await receiver.send(token)
    await receiver.send(await signEvent({ type: 'user.created' }))
    expect([...printed('warn'), ...printed('error')]).toEqual([])
  })
})

describe('a repeated line', () => {
  it('is printed at most once a minute for the same cause, and at once for a different one', async () => {
    let message = 'down'
    const receiver = createTestReceiver({ onEvent: () => failing(message)() })
    const causes = () => receiver.lines.map(({ line }) => line.replace(/.* Cause: (.*) https:.*/, '$1'))
    await receiver.send(await signEvent())
    await receiver.send(await signEvent())
    expect(causes()).toEqual(['down'])
    message = 'out of memory'
    await receiver.send(await signEvent())
    expect(causes()).toEqual(['down', 'out of memory'])
    pass(MINUTE - 1)
    message = 'down'
    await receiver.send(await signEvent())
    expect(causes()).toEqual(['down', 'out of memory'])
    pass(1)
    await receiver.send(await signEvent())
    expect(causes()).toEqual(['down', 'out of memory', 'down'])
  })

  it('is printed for another type of event', async () => {
    const receiver = createTestReceiver({ onEvent: failing('down') })
    await receiver.send(await signEvent())
    await receiver.send(await issuer.sign(billingEventFixture('customer.plan_changed')))
    expect(receiver.lines.map(({ details }) => details.type)).toEqual([TYPE, 'customer.plan_changed'])
  })

  it('is one line a minute per code if the sender can choose its text', async () => {
    const receiver = createTestReceiver()
    const flood = async () => {
      for (let index = 0; index < 10; index++) {
        await receiver.send(await stranger.sign({}, { header: { kid: `kid ${index} of the flood` } }))
        await receiver.send(await issuer.sign({}, { header: { alg: `HS${index}` } }))
        await receiver.receive(createRequest('', { method: `M${index}` }))
      }
    }
    await flood()
    expect(receiver.lines.map(({ details }) => details.code)).toEqual([
      'unknown_key',
      'unsupported_algorithm',
      'method_not_allowed',
    ])
    pass(MINUTE)
    await flood()
    expect(receiver.lines).toHaveLength(6)
  })

  it('is printed again after the clock was set back', async () => {
    const receiver = createTestReceiver({ onEvent: failing('down') })
    await receiver.send(await signEvent())
    const token = await signEvent()
    vi.setSystemTime(now - 2 * MINUTE)
    await receiver.send(token)
    expect(receiver.lines).toHaveLength(2)
  })
})

describe('a discarded event', () => {
  it('is a warning with type, id, reason and cause', async () => {
    const receiver = createTestReceiver({
      onEvent: () => {
        throw new DiscardEvent('no plan code', { cause: new Error('renamed') })
      },
    })
    await receiver.send(await signEvent({ event_id: 'event_1' }))
    expect(receiver.lines).toEqual([
      {
        level: 'warn',
        line: `[kinde-billing] discarded (200) ${TYPE} event_1: no plan code. Cause: renamed ${docsUrl('discarded')}`,
        details: { code: 'discarded', status: 200, type: TYPE, eventId: 'event_1' },
      },
    ])
  })
})

describe('the log option', () => {
  it('gets the line, and its facts for structured logs', async () => {
    const log = createLog()
    await createTestReceiver({ log, onEvent: failing('down') }).send(await signEvent({ event_id: 'event_1' }))
    expect(log.lines).toEqual([
      {
        level: 'error',
        line: expect.stringMatching(/^\[kinde-billing\] handler_failed \(500\) .* Cause: down https:\S+$/),
        details: {
          code: 'handler_failed',
          status: 500,
          type: TYPE,
          eventId: 'event_1',
          stack: expect.stringMatching(/^ {4}at /),
        },
      },
    ])
    expect(printed('error')).toEqual([])
  })

  it('gets warnings too, unless onWarning takes them', async () => {
    const [log, silent] = [createLog(), createLog()]
    const token = await issuer.sign({ ...billingEventFixture(TYPE), data: {} })
    await createTestReceiver({ log }).send(token)
    await createTestReceiver({ log: silent, onWarning: () => {} }).send(token)
    expect(log.lines).toMatchObject([{ level: 'warn', details: { code: 'customer_not_found' } }])
    expect(silent.lines).toEqual([])
  })

  it('is not silenced by onOutcome', async () => {
    const onOutcome = vi.fn()
    await createTestReceiver({ log: undefined, onOutcome, onEvent: failing('down') }).send(await signEvent())
    expect(onOutcome).toHaveBeenCalledTimes(1)
    expect(printed('error')).toHaveLength(1)
  })

  it('is silent if it is false', async () => {
    const receiver = createTestReceiver({ log: false, onEvent: failing('down') })
    await receiver.send(await issuer.sign({ ...billingEventFixture(TYPE), data: {} }))
    await createTestReceiver({ log: false, on: {}, onEvent: undefined }).send(await signEvent())
    expect(receiver.outcomes).toMatchObject([{ outcome: 'handler_failed' }])
    expect([...printed('warn'), ...printed('error')]).toEqual([])
  })

  it('can be the console', async () => {
    await createTestReceiver({ log: console, onEvent: failing('down') }).send(await signEvent())
    expect(printed('error')).toEqual([expect.stringMatching(/Cause: down https:\S+$/)])
  })

  it.each([
    {
      name: 'throws',
      write: () => {
        throw new Error('the disk is full')
      },
    },
    { name: 'rejects', write: () => Promise.reject(new Error('the disk is full')) },
  ])('does not affect the response if it $name: the line goes to the console', async ({ write }) => {
    const log = { warn: write, error: write }
    expect((await createTestReceiver({ log, onEvent: failing('down') }).send(await signEvent())).status).toBe(500)
    const ignoring = createTestReceiver({ log, on: {}, onEvent: undefined })
    expect((await ignoring.send(await signEvent())).body).toBe('{"status":"ignored"}')
    await eventually(() => expect([...printed('warn'), ...printed('error')]).toHaveLength(2))
  })
})

describe("a request's log", () => {
  it("takes the place of the receiver's", async () => {
    const [ownLog, requestLog] = [createLog(), createLog()]
    for (const log of [undefined, ownLog] as const)
      await createTestReceiver({ log, onEvent: failing(`down, log ${typeof log}`) }).receive(
        createRequest(await signEvent(), { log: requestLog }),
      )
    expect(requestLog.lines.map(({ line }) => line)).toEqual([
      expect.stringMatching(/Cause: down, log undefined https:\S+$/),
      expect.stringMatching(/Cause: down, log object https:\S+$/),
    ])
    expect([ownLog.lines, printed('error')]).toEqual([[], []])
  })

  it('gets the warning of an ignored event', async () => {
    const log = createLog()
    await createTestReceiver({ log: undefined, on: {}, onEvent: undefined }).receive(
      createRequest(await signEvent(), { log }),
    )
    expect(log.lines).toMatchObject([{ level: 'warn', details: { code: 'ignored' } }])
  })
})

describe('onOutcome', () => {
  it.each([
    {
      name: 'throws',
      onOutcome: () => {
        throw new Error('no metrics')
      },
    },
    { name: 'rejects', onOutcome: () => Promise.reject(new Error('no metrics')) },
  ])('is logged once a minute if it $name', async ({ onOutcome }) => {
    const receiver = createTestReceiver({ onOutcome })
    await receiver.send(await signEvent())
    await receiver.send(await signEvent())
    await eventually(() =>
      expect(receiver.lines).toEqual([
        {
          level: 'error',
          line: '[kinde-billing] onOutcome threw: no metrics. The delivery is not affected.',
          details: { code: 'onOutcome_failed' },
        },
      ]),
    )
  })
})

it('logs the misconfiguration of a lazy handler in the log option', async () => {
  vi.stubEnv('KINDE_ISSUER_URL', undefined)
  const log = createLog()
  const post = () => new Request('https://shop.example', { method: 'POST', body: 'x' })
  await createLazyWebHandler({ log, onEvent: () => {} })(post(), undefined)
  expect(log.lines).toMatchObject([{ level: 'error', details: { code: 'invalid_configuration', status: 500 } }])
  pass(MINUTE)
  await createLazyWebHandler({ log: 'x' as never, onEvent: () => {} })(post(), undefined)
  expect(printed('error')).toEqual([
    expect.stringMatching(/^\[kinde-billing\] invalid_configuration .*: log is "x": pass/),
  ])
  pass(MINUTE)
  await createLazyWebHandler({ log: false, onEvent: () => {} })(post(), undefined)
  expect(printed('error')).toHaveLength(1)
  vi.unstubAllEnvs()
})

it.each([
  undefined,
  Object.create(null),
  Object.assign(new Error('x'), { message: {} }),
  {
    toString: () => {
      throw new Error('x')
    },
  },
  Symbol('x'),
])('logs whatever a handler throws (%#)', async (thrown) => {
  const receiver = createTestReceiver({ onEvent: () => Promise.reject(thrown) })
  expect((await receiver.send(await signEvent())).body).toBe('{"error":"handler_failed"}')
  expect(receiver.lines).toMatchObject([{ level: 'error', details: { code: 'handler_failed' } }])
})
