import { createRequest, TYPE } from '@kinde-billing/test-support/test-receiver'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { expect, it } from 'vitest'
import { createBillingReceiver } from './index.js'

const tenants = {
  a: await createTestIssuer({ issuer: 'https://a.kinde.com' }),
  b: await createTestIssuer({ issuer: 'https://b.kinde.com' }),
}

const serveKeys = async (url: string) =>
  Response.json(url.startsWith('https://a.kinde.com/') ? tenants.a.jwks : tenants.b.jwks)

it('keeps tenants apart that share an event id', async () => {
  const seen: string[] = []
  const receiver = createBillingReceiver({
    issuer: (tenant: 'a' | 'b') => `${tenants[tenant].issuer}/\n`,
    fetch: serveKeys,
    log: false,
    onEvent: (event, { context }) => seen.push(`${context} ${event.id}`),
  })
  const fixture = billingEventFixture(TYPE, { event_id: 'event_1' })
  const send = async (context: 'a' | 'b', signer: 'a' | 'b') =>
    (await receiver.receive({ ...createRequest(await tenants[signer].sign(fixture)), context })).body
  expect(await send('a', 'a')).toBe('{"status":"processed"}')
  expect(await send('b', 'b')).toBe('{"status":"processed"}')
  expect(await send('a', 'b')).toBe('{"error":"unauthorized"}')
  expect(await send('a', 'a')).toBe('{"status":"duplicate"}')
  expect(seen).toEqual(['a event_1', 'b event_1'])
})

it('validates what the function returns', async () => {
  const receiver = createBillingReceiver({ issuer: (tenant: string) => tenant, log: false, onEvent: () => {} })
  const { status, body } = await receiver.receive({ ...createRequest('x'), context: 'not a domain' })
  expect([status, body]).toEqual([500, '{"error":"invalid_configuration"}'])
})

it('keeps the verifiers of the hundred issuers used last', async () => {
  const warnings: string[] = []
  const receiver = createBillingReceiver({
    issuer: (domain: string) => domain,
    fetch: async () => Response.json(tenants.a.jwks),
    onWarning: ({ code }) => warnings.push(code),
    inbox: false,
    onEvent: () => {},
  })
  // A verifier warns once of an event without a customer, so a second warning is a second verifier.
  const token = await tenants.a.sign({ ...billingEventFixture(TYPE), data: {} })
  const countWarnings = async (index: number): Promise<number> => {
    const before = warnings.length
    const response = await receiver.receive({ ...createRequest(token), context: `https://t${index}.kinde.com` })
    expect(response.status).toBe(200)
    return warnings.length - before
  }
  for (let index = 0; index < 100; index++) expect(await countWarnings(index)).toBe(1)
  expect(await countWarnings(0)).toBe(0)
  expect(await countWarnings(100)).toBe(1)
  expect(await countWarnings(0)).toBe(0)
  expect(await countWarnings(1)).toBe(1)
})
