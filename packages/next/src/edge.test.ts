// @vitest-environment edge-runtime
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { NextRequest } from 'next/server'
import { expect, it } from 'vitest'
import { kindeBilling } from './index.js'

const nextRequest = (body: BodyInit) => new NextRequest('https://shop.example/api', { method: 'POST', body })

it('receives in the edge runtime, which is not Node', async () => {
  expect('EdgeRuntime' in globalThis).toBe(true)
  const { issuer, jwks, sign } = await createTestIssuer()
  const runs: string[] = []
  const POST = kindeBilling({
    issuer,
    jwks,
    on: { 'customer.plan_changed': ({ id }) => runs.push(id) },
    onOutcome: () => {},
  })
  const claims = billingEventFixture('customer.plan_changed')
  const token = await sign(claims)
  expect(await (await POST(nextRequest(token))).json()).toEqual({ status: 'processed' })
  expect(await (await POST(nextRequest(new TextEncoder().encode(token)))).json()).toEqual({ status: 'duplicate' })
  expect(await (await POST(nextRequest(token.slice(1)))).json()).toEqual({ error: 'unauthorized' })
  expect(await (await POST(nextRequest('a'.repeat(2 ** 21)))).json()).toEqual({ error: 'payload_too_large' })
  expect(runs).toEqual([claims.event_id])
})
