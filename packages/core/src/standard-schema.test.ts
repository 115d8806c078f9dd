import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { type } from 'arktype'
import * as v from 'valibot'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { createBillingVerifier, type DataSchema } from './index.js'

const { issuer, jwks, sign } = await createTestIssuer()
const TYPE = 'customer.meter_usage_updated'

const verify = async (schema: DataSchema, data: Record<string, unknown>) =>
  createBillingVerifier({ issuer, jwks, dataSchemas: { [TYPE]: schema } }).safeVerifyAndParse(
    await sign({ ...billingEventFixture(TYPE), data }),
  )

const schemaOf = (validate: DataSchema['~standard']['validate']): DataSchema => ({
  '~standard': { version: 1, vendor: 'test', validate },
})

afterEach(() => vi.useRealTimers())

describe('any Standard Schema', () => {
  const wrapped = { meter_id: 'meter_1', quantity: 3 }
  it.each([
    ['valibot', v.object({ meter_id: v.string(), quantity: v.pipe(v.number(), v.minValue(1)) })],
    ['zod', z.object({ meter_id: z.string(), quantity: z.number().min(1) })],
    ['arktype', type({ meter_id: 'string', quantity: 'number >= 1' })],
    [
      'an async one',
      v.objectAsync({
        meter_id: v.string(),
        quantity: v.pipeAsync(
          v.number(),
          v.checkAsync(async (n) => n >= 1),
        ),
      }),
    ],
  ])('%s judges data, and points at what does not fit', async (_, schema) => {
    const good = await verify(schema, wrapped)
    expect(good).toMatchObject({ ok: true, event: { data: wrapped } })
    const bad = await verify(schema, { ...wrapped, quantity: 0 })
    expect(bad).toMatchObject({
      ok: false,
      error: {
        message: expect.stringMatching(
          /^The data of customer.meter_usage_updated does not fit its schema in dataSchemas/,
        ),
        code: 'schema_mismatch',
        status: 500,
        issues: [{ path: ['quantity'] }],
      },
    })
  })
})

it('types data by its output, while groups and claims keep to what Kinde sent', async () => {
  const schema = v.pipe(
    v.looseObject({ quantity: v.number() }),
    v.transform(({ quantity }) => ({ doubled: quantity * 2 })),
  )
  const result = await verify(schema, { quantity: 21 })
  expect(result).toMatchObject({ ok: true, event: { data: { doubled: 42 }, usage: { quantity: 21 } } })
  if (result.ok) expect(result.event.claims['data']).toEqual({ quantity: 21 })
})

it.each([
  ['has null issues', () => ({ issues: null }) as never],
  ['has null as an issue', () => ({ issues: [null] }) as never],
  ['has null as a path', () => ({ issues: [{ message: 'x', path: [null] }] }) as never],
  [
    'throws',
    () => {
      throw new Error('boom')
    },
  ],
  ['rejects', () => Promise.reject(new Error('boom'))],
  ['answers with nothing', () => undefined as never],
])('a schema that %s is a mismatch, with its reason as the cause', async (_, validate) => {
  expect(await verify(schemaOf(validate), {})).toMatchObject({
    ok: false,
    error: {
      code: 'schema_mismatch',
      cause: expect.any(Error),
      message: expect.stringMatching(
        /^The schema in dataSchemas for customer.meter_usage_updated threw, did not settle within 5000 ms/,
      ),
    },
  })
})

it('a schema that does not settle is given 5 s', async () => {
  const token = await sign({ ...billingEventFixture(TYPE), data: {} })
  const asked = deferred()
  const never = schemaOf(() => {
    asked.resolve()
    return new Promise(() => {})
  })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const result = createBillingVerifier({ issuer, jwks, dataSchemas: { [TYPE]: never } }).safeVerifyAndParse(token)
  await asked.promise
  await vi.advanceTimersByTimeAsync(5000)
  const cause = new Error('the schema did not settle in time')
  expect(await result).toMatchObject({ ok: false, error: { code: 'schema_mismatch', cause } })
})

it('leaves no timer behind, and an issue without a path is one of the whole', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const result = await verify(
    schemaOf(async () => ({ issues: [{ message: 'no' }] })),
    {},
  )
  expect(result).toMatchObject({ ok: false, error: { issues: [{ path: [], message: 'no' }] } })
  expect(vi.getTimerCount()).toBe(0)
})

it('caps and escapes what a schema says of hostile data', async () => {
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

function deferred() {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
