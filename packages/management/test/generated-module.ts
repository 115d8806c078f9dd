import { createRequire } from 'node:module'
import ts from 'typescript'
import type * as v from 'valibot'

/** Runs a generated module: its exported schemas by name, and its `dataSchemas` by event type. */
export function run(text: string): {
  schemas: Map<string, v.GenericSchema>
  dataSchemas: Map<string, v.GenericSchema>
} {
  const { outputText } = ts.transpileModule(text, { compilerOptions: { module: ts.ModuleKind.CommonJS } })
  const { dataSchemas, ...schemas }: { dataSchemas: object } = new Function(
    'require',
    `const exports = {}; ${outputText}; return exports`,
  )(createRequire(import.meta.url))
  return { schemas: new Map(Object.entries(schemas)), dataSchemas: new Map(Object.entries(dataSchemas)) }
}

export const ofData = (data: unknown) => ({ type: 'object', properties: { data } })
export const object = (properties: object) => ({ type: 'object', properties })

/** Odd and hostile schemas, each of `customer.plan_changed`. */
const ODD: Record<string, unknown> = {
  nothing: undefined,
  null: null,
  'a list': [],
  'a text': '*/ evil() /*',
  'no data': { type: 'object', properties: {} },
  'data of another type': ofData({ type: 'string' }),
  'a type with a constant': ofData(object({ type: { type: { constant: 'user.updated' } } })),
  'items as a list': ofData(object({ list: { type: 'array', items: [object({ a: { type: 'string' } })] } })),
  'items as an empty list': ofData(object({ list: { type: 'array', items: [] } })),
  'several types': ofData(object({ a: { type: ['null', 'string'] }, b: { type: ['string', 'integer', 'object'] } })),
  'an unknown type': ofData(object({ a: { type: 'date' }, b: { type: ['string', 'date'] }, c: { type: 12 } })),
  'an unknown keyword': ofData(object({ a: { $ref: '#/x' }, b: { superType: { a: 1 } } })),
  'enums of all kinds': ofData(
    object({
      a: { enum: ['x', "y'\n", 'z'] },
      b: { enum: [1, 2] },
      c: { enum: [null, 'x', true] },
      d: { const: 'one' },
    }),
  ),
  unions: ofData(object({ a: { anyOf: [{ type: 'string' }, object({ b: { type: 'number' } })] }, c: { oneOf: [] } })),
  'hostile names': ofData(
    JSON.parse(
      `{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"},"toString":{"enum":["a"]},
        "a'b\\"c":{"type":"string"},"new\\nline":{"type":"string"},"*/ evil() /*":{"evil\\n*/ throw 1":1},"\\u2028":{"type":"string"},
        "\${x}":{"type":"string"},"":{"type":"string"},"\\\\":{"type":"string"},"\\ud800":{"type":"string"}}}`,
    ),
  ),
  deep: ofData(Array.from({ length: 5000 }).reduce<object>((schema) => object({ inner: schema }), { type: 'string' })),
}

export const named = Object.entries(ODD).map(([title, schema]) => ({ title, schema, code: 'customer.plan_changed' }))
