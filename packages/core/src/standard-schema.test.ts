import { deferred } from '@kinde-billing/test-support/deferred'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { type } from 'arktype'
import * as v from 'valibot'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { createBillingVerifier, type DataSchema } from './index.js'

const { issuer, jwks, sign } = await createTestIssuer()
const TYPE = 'customer.meter_usage_updated'

const verify = async (schema: DataSchema, data: Record<string, unknown>) =>
  createBillingVerifier({ issuer, jwks, onWarning: () => {}, dataSchemas: { [TYPE]: schema } }).safeVerifyAndParse(
    await sign({ ...billingEventFixture(TYPE), data }),
  )

const schemaOf = (validate: DataSchema['~standard']['validate']): DataSchema => ({
  '~standard': { version: 1, vendor: 'test', validate },
})

afterEach(() => vi.useRealTimers())

describe('a Standard Schema', () => {
  const data = { meter_id: 'meter_1', quantity: 3 }

  it.each<{ library: string; schema: DataSchema }>([
    {
      library: 'valibot',
      schema: v.object({ meter_id: v.string(), quantity: v.pipe(v.number(), v.minValue(1)) }),
    },
    { library: 'zod', schema: z.object({ meter_id: z.string(), quantity: z.number().min(1) }) },
    { library: 'arktype', schema: type({ meter_id: 'string', quantity: 'number >= 1' }) },
    {
      library: 'valibot, asynchronous',
      schema: v.objectAsync({
        meter_id: v.string(),
        quantity: v.pipeAsync(
          v.number(),
          v.checkAsync(async (n) => n >= 1),
        ),
      }),
    },
  ])('validates data with $library, and points at what does not fit', async ({ schema }) => {
    expect(await verify(schema, data)).toMatchObject({ ok: true, event: { data } })
    expect(await verify(schema, { ...data, quantity: 0 })).toMatchObject({
      ok: false,
      error: {
        message: expect.stringMatching(
          /^The data of customer.meter_usage_updated does not match its schema in dataSchemas\. Correct the schema\.$/,
        ),
        code: 'schema_mismatch',
        status: 500,
        issues: [{ path: ['quantity'] }],
      },
    })
  })
})

it('replaces data by its output, and leaves groups and claims as Kinde sent them', async () => {
  const schema = v.pipe(
    v.looseObject({ quantity: v.number() }),
    v.transform(({ quantity }) => ({ doubled: quantity * 2 })),
  )
  const result = await verify(schema, { quantity: 21 })
  expect(result).toMatchObject({ ok: true, event: { data: { doubled: 42 }, usage: { quantity: 21 } } })
  if (result.ok) expect(result.event.claims['data']).toEqual({ quantity: 21 })
})

it.each<{ name: string; validate: () => unknown }>([
  { name: 'has null issues', validate: () => ({ issues: null }) },
  { name: 'has null as an issue', validate: () => ({ issues: [null] }) },
  { name: 'has null as a path', validate: () => ({ issues: [{ message: 'x', path: [null] }] }) },
  {
    name: 'throws',
    validate: () => {
      throw new Error('boom')
    },
  },
  { name: 'rejects', validate: () => Promise.reject(new Error('boom')) },
  { name: 'returns nothing', validate: () => undefined },
])('refuses with schema_mismatch and the cause if a schema $name', async ({ validate }) => {
  expect(await verify(schemaOf(validate as never), {})).toMatchObject({
    ok: false,
    error: {
      code: 'schema_mismatch',
      cause: expect.any(Error),
      message:
        'The schema in dataSchemas for customer.meter_usage_updated threw, timed out after 5000 ms, or returned neither a value nor issues.',
    },
  })
})

it('waits 5 s for a schema', async () => {
  const token = await sign({ ...billingEventFixture(TYPE), data: {} })
  const called = deferred()
  const never = schemaOf(() => {
    called.resolve()
    return new Promise(() => {})
  })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const result = createBillingVerifier({
    issuer,
    jwks,
    onWarning: () => {},
    dataSchemas: { [TYPE]: never },
  }).safeVerifyAndParse(token)
  await called.promise
  await vi.advanceTimersByTimeAsync(5000)
  const cause = new Error('timed out')
  expect(await result).toMatchObject({ ok: false, error: { code: 'schema_mismatch', cause } })
})

it('leaves no timer behind, and gives an issue without a path an empty one', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const result = await verify(
    schemaOf(async () => ({ issues: [{ message: 'no' }] })),
    {},
  )
  expect(result).toMatchObject({ ok: false, error: { issues: [{ path: [], message: 'no' }] } })
  expect(vi.getTimerCount()).toBe(0)
})

it('cuts and escapes the messages of a schema about hostile data', async () => {
  const issues = Array.from({ length: 50 }, () => ({
    message: `bad\n${'x'.repeat(999)}`,
    path: [`a\u0000${'k'.repeat(99)}`, 0, { key: 'b' }],
  }))
  const result = await verify(
    schemaOf(() => ({ issues })),
    {},
  )
  if (result.ok) throw new Error('expected a mismatch')
  expect(result.error.issues).toHaveLength(20)
  expect(result.error.issues[0]?.message).toMatch(/^bad\\nx{196}\.\.\.$/)
  expect(result.error.issues[0]?.path).toEqual([expect.stringMatching(/^a\\u0000k{62}\.\.\.$/), 0, 'b'])
})
