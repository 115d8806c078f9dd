import type { DataSchema } from '@kinde-billing/core'
import type { DeliveryInbox } from '@kinde-billing/core/receiver'
import { expect, it } from 'vitest'
import { toKindeTimestamp } from '../fixtures.js'
import type { ConformanceOptions } from './adapter.js'
import { ANSWERS, type ExpectedAnswer, expectAnswer } from './answers.js'
import { request } from './http-request.js'
import type { Suite } from './suite.js'

const HOUR_MS = 3_600_000

const brokenInbox: DeliveryInbox = { once: () => Promise.reject(new Error('the store is down')) }
const hangingInbox: DeliveryInbox = { once: () => new Promise(() => {}) }

const strictSchema: DataSchema = {
  '~standard': { version: 1, vendor: 'conformance', validate: () => ({ issues: [{ message: 'never right' }] }) },
}

/** Options with which every delivery fails, whatever it is. */
const FAULTS: [what: string, options: ConformanceOptions, expected: ExpectedAnswer][] = [
  [
    'an issuer that cannot be reached',
    { jwks: undefined, fetch: () => Promise.reject(new TypeError('unreachable')) },
    ANSWERS.keysUnavailable,
  ],
  ['an inbox that fails', { inbox: brokenInbox, name: 'billing' }, ANSWERS.inboxUnavailable],
  ['an inbox that hangs', { inbox: hangingInbox, name: 'billing', inboxTimeoutMs: 100 }, ANSWERS.inboxUnavailable],
  [
    'a schema of the application that does not fit',
    { dataSchemas: { 'customer.payment_failed': strictSchema } },
    ANSWERS.schemaMismatch,
  ],
  [
    'an issuer that is not configured',
    {
      jwks: undefined,
      issuer: () => {
        throw new Error('no binding')
      },
    },
    ANSWERS.invalidConfiguration,
  ],
]

/** Faults of the application, the issuer or the sender: each has one response. */
export function faults(suite: Suite): void {
  it.each(FAULTS)('answers for %s', async (_, options, expected) => {
    const endpoint = await suite.open(options)
    const { id, token } = await suite.event()
    expectAnswer(await request(endpoint.url, { body: token }), expected)
    expect(endpoint.runs(id)).toBe(0)
  })

  it('refuses an event whose members are of other types', async () => {
    const { id, token } = await suite.event({ timestamp: 'yesterday' })
    expectAnswer(await request(suite.endpoint.url, { body: token }), ANSWERS.invalidPayload)
    expect(suite.endpoint.runs(id)).toBe(0)
  })

  it.each([-73, 1])('refuses an event %i hours from now', async (hours) => {
    const { id, token } = await suite.event({ timestamp: toKindeTimestamp(Date.now() + hours * HOUR_MS) })
    expectAnswer(await request(suite.endpoint.url, { body: token }), ANSWERS.timestampOutOfRange)
    expect(suite.endpoint.runs(id)).toBe(0)
  })

  it('refuses a token that has expired', async () => {
    const { id, token } = await suite.event({ exp: Math.floor(Date.now() / 1000) - 1 })
    expectAnswer(await request(suite.endpoint.url, { body: token }), ANSWERS.unauthorized)
    expect(suite.endpoint.runs(id)).toBe(0)
  })
}
