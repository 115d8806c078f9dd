import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BILLING_EVENT_TYPES, createBillingVerifier, decodeBillingEvent, isKindeWebhookError } from './index.js'

const { issuer, jwks, kid, sign } = await createTestIssuer()
const verifier = createBillingVerifier({ issuer, jwks, onWarning: () => {} })
const token = await sign(billingEventFixture('customer.plan_changed'))

describe('for all inputs', () => {
  it('settles verification of any string or bytes with an event or a KindeWebhookError', async () => {
    const header = fc.json().map((text) => Buffer.from(text).toString('base64url'))
    const dotted = fc
      .array(fc.oneof(header, fc.base64String(), fc.string()), { maxLength: 5 })
      .map((parts) => parts.join('.'))
    const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array(), dotted, fc.anything())
    await fc.assert(
      fc.asyncProperty(anything, async (input) => {
        const result = await verifier.safeVerifyAndParse(input as string)
        expect(result.ok || (isKindeWebhookError(result.error) && result.error.code !== 'internal_error')).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('settles verification of any signed payload with an event or a KindeWebhookError', async () => {
    const members = fc.record(
      {
        type: fc.oneof(fc.constantFrom(...BILLING_EVENT_TYPES), fc.jsonValue()),
        event_id: fc.jsonValue(),
        timestamp: fc.oneof(fc.constant(new Date().toISOString()), fc.jsonValue()),
        data: fc.jsonValue(),
        exp: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const payload = fc.oneof(fc.jsonValue(), members).map((value) => JSON.stringify(value))
    await fc.assert(
      fc.asyncProperty(fc.oneof(payload, fc.string()), async (text) => {
        const result = await verifier.safeVerifyAndParse(await sign(text))
        expect(result.ok || result.error.code !== 'internal_error').toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  it('refuses any change of a single bit', async () => {
    const bytes = Buffer.from(token)
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (index, bit) => {
        const changed = Buffer.from(bytes)
        changed.writeUInt8(changed.readUInt8(index) ^ (1 << bit), index)
        expect((await verifier.safeVerifyAndParse(changed)).ok).toBe(false)
      }),
      { numRuns: 400 },
    )
  })

  it('accepts any data of a verified event', () => {
    const keys = [
      'customer_id',
      'customer',
      'user_id',
      'org_code',
      'agreement_id',
      'agreement',
      'plan',
      'plan_code',
      'invoice',
      'invoice_due_on',
      'quantity',
      'meter_value',
      'meter_id',
      '__proto__',
      'constructor',
    ]
    const data = fc.oneof(
      fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()),
      fc.dictionary(fc.string(), fc.jsonValue()),
    )
    fc.assert(
      fc.property(fc.constantFrom(...BILLING_EVENT_TYPES), data, (type, value) => {
        const claims = {
          type,
          event_id: 'event_1',
          timestamp: '2026-05-01T00:00:00Z',
          data: JSON.parse(JSON.stringify(value)),
        }
        const event = decodeBillingEvent(claims)
        expect(event.data).toBe(claims.data)
        expect(Object.keys(event).filter((name) => ['plan', 'invoice', 'usage'].includes(name)).length).toBeGreaterThan(
          0,
        )
      }),
    )
  })

  it('decodes any JSON to an event, or throws a KindeWebhookError', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (claims) => {
        try {
          decodeBillingEvent(claims as Record<string, unknown>)
        } catch (error) {
          expect(isKindeWebhookError(error)).toBe(true)
        }
      }),
    )
  })

  it('accepts any additional claims, data and header members', async () => {
    const refused = [
      'aud',
      'azp',
      'sub',
      'scp',
      'scope',
      'gty',
      'client_id',
      'nonce',
      'at_hash',
      'c_hash',
      'auth_time',
      'cnf',
      'act',
      'exp',
      'nbf',
      'iss',
    ]
    const own = ['type', 'event_id', 'timestamp', 'data']
    const claim = fc.string().filter((name) => ![...refused, ...own].includes(name))
    const header = fc
      .string()
      .filter((name) => !['alg', 'kid', 'typ', 'crit', 'b64', 'enc', '__proto__'].includes(name))
    const shallow = fc.jsonValue({ maxDepth: 5 })
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(claim, shallow),
        fc.dictionary(fc.string(), shallow),
        fc.dictionary(header, fc.string()),
        async (claims, data, members) => {
          const fixture = billingEventFixture('customer.plan_assigned', { data })
          const result = await verifier.safeVerifyAndParse(await sign({ ...fixture, ...claims }, { header: members }))
          expect(result).toMatchObject({ ok: true, event: { id: fixture.event_id, type: fixture.type } })
        },
      ),
      { numRuns: 100 },
    )
    expect(kid).toBeTruthy()
  })
})
