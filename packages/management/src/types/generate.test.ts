import { startTestManagementApi } from '@kinde-billing/testing/management'
import fc from 'fast-check'
import ts from 'typescript'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { named, object, ofData, run } from '../../test/generated-module.js'
import { createManagementClient } from '../client.js'
import { describeCoverage } from './coverage.js'
import { generateTypes } from './generate.js'

describe('a generated module', () => {
  it.each(named)('takes payloads with extra keys, absent keys and null: $title', ({ code, schema }) => {
    const { dataSchemas } = run(generateTypes([{ code, schema }]))
    const data = v.parse(dataSchemas.get(code) ?? v.never(), { plan_code: 'pro', new_key: { a: [1] } })
    expect(data).toEqual({ plan_code: 'pro', new_key: { a: [1] } })
    expect(v.is(dataSchemas.get(code) ?? v.never(), JSON.parse('{"__proto__":{"a":1},"a":null,"list":null}'))).toBe(
      true,
    )
  })

  it('runs nothing of a schema or a code', () => {
    const types = fc.record({ code: fc.string({ unit: 'binary' }), schema: fc.jsonValue() })
    const nodes = fc.record({
      code: fc.string(),
      schema: fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()).map((properties) => ofData({ properties })),
    })
    fc.assert(
      fc.property(fc.array(fc.oneof(types, nodes), { maxLength: 4 }), (eventTypes) => {
        const text = generateTypes(eventTypes)
        const statements = ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2022).statements
        // an import, one helper, a schema and a type for each, and dataSchemas
        expect(statements.length).toBeLessThanOrEqual(3 + 2 * eventTypes.length)
        expect(run(text).dataSchemas).toBeInstanceOf(Map)
      }),
      { numRuns: 50 },
    )
  })

  it('depends on the schemas only, not on their order', async () => {
    const kinde = await startTestManagementApi()
    const eventTypes = await createManagementClient(kinde.credentials).eventTypes()
    await kinde.close()
    expect(generateTypes(eventTypes.toReversed())).toBe(generateTypes(eventTypes))
    const changed = [{ code: 'customer.plan_changed', schema: ofData(object({ added: { type: 'string' } })) }]
    expect(generateTypes(changed)).not.toBe(generateTypes([]))
  })

  it('says what it did not understand', () => {
    const text = generateTypes([
      { code: 'customer.plan_changed', schema: ofData(object({ a: { $ref: '#/x' }, b: { enum: ['x', 'y'] } })) },
    ])
    expect(text).toContain(
      "  // not understood: $ref\n  'a': v.nullish(v.unknown()),\n  'b': v.nullish(text('x', 'y')),\n",
    )
  })
})

describe('the coverage', () => {
  it('names what the schema feeds, what it does not, and what is not read', () => {
    const schema = ofData(
      object({
        customer_id: { type: 'string' },
        plan: object({ code: { type: 'string' }, tier: { type: 'integer' } }),
        amount: { type: 'number' },
      }),
    )
    const [coverage] = describeCoverage([
      { code: 'customer.plan_changed', schema },
      { code: 'user.created', schema },
    ])
    expect(coverage).toMatchObject({
      type: 'customer.plan_changed',
      isReadable: true,
      fed: [
        { member: 'customer.id', keys: ['customer_id'] },
        { member: 'plan.code', keys: ['plan.code'] },
      ],
      unread: ['amount', 'plan.tier'],
    })
    expect(coverage?.unfed).toEqual(expect.arrayContaining(['customer.orgCode', 'agreement.id', 'plan.name']))
  })

  it.each(named)('survives $title', ({ code, schema }) => {
    expect(describeCoverage([{ code, schema }])).toHaveLength(1)
  })
})
