import { createClaims, errorOf, issuer, NOW, signClaims, stranger } from '@kinde-billing/test-support/test-verifier'
import { describe, expect, it } from 'vitest'
import { isKindeWebhookError, type KindeWebhookError, UnsupportedEventError } from './index.js'

const { inspect } = await import('node:util')

describe('an error', () => {
  it('holds nothing of the token, the claims or the key', async () => {
    const evil = 'a\nb\u2028c\u001b[31m'
    const secret = 'alice@example.com'
    const tokens = await Promise.all([
      stranger.sign(createClaims(), { header: { kid: `${evil}${'k'.repeat(200)}` } }),
      stranger.sign(createClaims({ data: { secret } })),
      signClaims({ type: evil, data: { secret } }),
      signClaims({ type: `x\u00e9\u202e${'y'.repeat(100)}`, data: { secret } }),
      signClaims({ iss: evil, data: { secret } }),
      signClaims({ timestamp: evil, data: secret }),
    ])
    for (const token of tokens) {
      const error = await errorOf(token)
      const [, payload = ''] = token.split('.')
      expect(error.message).toMatch(/^[\x20-\x7e]+$/)
      for (const text of [error.message, String(error), JSON.stringify(error), inspect(error)]) {
        expect(text).not.toContain(payload.slice(0, 40))
        expect(text).not.toContain(secret)
        expect(text).not.toContain(stranger.kid)
      }
    }
  })

  it('is recognized across copies of the package', () => {
    const foreign = Object.defineProperty(new Error('x'), Symbol.for('kinde-billing.KindeWebhookError'), {
      value: true,
    })
    expect(isKindeWebhookError(foreign)).toBe(true)
    expect([new Error('x'), { code: 'unknown_key' }, null, undefined, 'x'].some(isKindeWebhookError)).toBe(false)
  })
})

describe('UnsupportedEventError', () => {
  const unsupported = async (claims: Record<string, unknown>): Promise<UnsupportedEventError> => {
    const error: KindeWebhookError = await errorOf(await issuer.sign(claims))
    if (error instanceof UnsupportedEventError) return error
    throw new Error('expected an UnsupportedEventError', { cause: error })
  }
  const claims = createClaims({ type: 'user.created', source: 'api', event_timestamp: '2026-05-01T07:00:00Z' })

  it('has the typed event, its id and the claims', async () => {
    const error = await unsupported(claims)
    expect(error).toMatchObject({
      code: 'unsupported_event',
      status: 200,
      message: 'The event type "user.created" is not a billing event.',
      type: 'user.created',
      id: claims['event_id'],
    })
    expect(error.event).toEqual({
      type: 'user.created',
      id: claims['event_id'],
      timestamp: new Date(NOW),
      occurredAt: new Date('2026-05-01T07:00:00Z'),
      source: 'api',
      data: claims['data'],
    })
    expect([error.claims, error.event?.claims]).toEqual([claims, claims])
  })

  it.each([
    { name: 'no event_id', overrides: { event_id: 5 }, id: undefined },
    { name: 'no timestamp', overrides: { timestamp: 'yesterday' }, id: claims['event_id'] },
    { name: 'no data', overrides: { data: [] }, id: claims['event_id'] },
    {
      name: 'a timestamp outside the window',
      overrides: { timestamp: '2020-01-01T00:00:00Z' },
      id: claims['event_id'],
    },
  ])('has no event with $name, and is not another error', async ({ overrides, id }) => {
    const error = await unsupported({ ...claims, ...overrides })
    expect([error.type, error.id, error.event]).toEqual(['user.created', id, undefined])
    expect(error.claims).toEqual({ ...claims, ...overrides })
  })

  it('shows neither claims nor event in logs', async () => {
    const error = await unsupported({ ...claims, data: { email: 'alice@example.com' } })
    expect(Object.keys(error)).not.toContain('claims')
    expect(Object.keys(error)).not.toContain('event')
    for (const text of [JSON.stringify(error), inspect(error)]) expect(text).not.toContain('alice@example.com')
  })
})
