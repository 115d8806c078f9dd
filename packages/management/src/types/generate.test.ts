import { createRequire } from 'node:module'
import { join } from 'node:path'
import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { startTestManagementApi } from '@kinde-billing/testing/management'
import fc from 'fast-check'
import ts from 'typescript'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createManagementClient } from '../client.js'
import { describeCoverage } from './coverage.js'
import { generateTypes } from './generate.js'

const FOLDER = import.meta.dirname
const ROOT = join(FOLDER, '../../../..')

/** The options of the repository, which are strict. */
const OPTIONS = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config,
  ts.sys,
  ROOT,
).options

/** Type-checks modules that stand in this folder for the compiler only. */
function compile(files: Record<string, string>): string[] {
  const texts = new Map(Object.entries(files).map(([name, text]) => [join(FOLDER, name), text]))
  const host = ts.createCompilerHost(OPTIONS)
  const program = ts.createProgram([...texts.keys()], OPTIONS, {
    ...host,
    fileExists: (path) => texts.has(path) || host.fileExists(path),
    readFile: (path) => texts.get(path) ?? host.readFile(path),
    getSourceFile: (path, target) => {
      const text = texts.get(path)
      return text === undefined ? host.getSourceFile(path, target) : ts.createSourceFile(path, text, target)
    },
  })
  return [...texts.keys()].flatMap((path) => {
    const source = program.getSourceFile(path)
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'),
    )
  })
}

/** Runs a generated module: its exported schemas by name, and its `dataSchemas` by event type. */
function run(text: string): { schemas: Map<string, v.GenericSchema>; dataSchemas: Map<string, v.GenericSchema> } {
  const { outputText } = ts.transpileModule(text, { compilerOptions: { module: ts.ModuleKind.CommonJS } })
  const { dataSchemas, ...schemas }: { dataSchemas: object } = new Function(
    'require',
    `const exports = {}; ${outputText}; return exports`,
  )(createRequire(import.meta.url))
  return { schemas: new Map(Object.entries(schemas)), dataSchemas: new Map(Object.entries(dataSchemas)) }
}

const ofData = (data: unknown) => ({ type: 'object', properties: { data } })
const object = (properties: object) => ({ type: 'object', properties })

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

const named = Object.entries(ODD).map(([title, schema]) => ({ title, schema, code: 'customer.plan_changed' }))
const HOSTILE_CODES = [
  '',
  '1',
  '__proto__',
  'constructor',
  'a.b',
  'a_b',
  "x'\n*/ evil()",
  'data.schemas',
  '../../x',
  'ü',
]

describe('a generated module', () => {
  it('compiles under strict for every odd and hostile schema', () => {
    const modules = named.map(({ code, schema }, index): [string, string] => [
      `odd-${index}.ts`,
      generateTypes([{ code, schema }]),
    ])
    const hostile = generateTypes(HOSTILE_CODES.map((code) => ({ code, schema: ofData(object({})) })))
    expect(compile({ ...Object.fromEntries(modules), 'hostile.ts': hostile })).toEqual([])
  })

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

  it('types and narrows event.data in a handler', async () => {
    const kinde = await startTestManagementApi()
    const eventTypes = await createManagementClient(kinde.credentials).eventTypes()
    await kinde.close()
    const generated = generateTypes(eventTypes)
    const { dataSchemas, schemas } = run(generated)
    expect([...dataSchemas.keys()]).toEqual([...BILLING_EVENT_TYPES].sort())
    const user = { id: 'kp:0123', email: null, organizations: [{ code: 'org_1', roles: null }], new_key: 1 }
    expect(v.parse(schemas.get('UserUpdatedData') ?? v.never(), { user })).toEqual({ user })
    const use = `
      import { createBillingReceiver } from '@kinde-billing/core/receiver'
      import { dataSchemas, type UserUpdatedData } from './generated.ts'
      createBillingReceiver({
        issuer: 'https://acme.kinde.com',
        dataSchemas,
        on: {
          'customer.plan_changed': async (event) => {
            const code: string | null | undefined = event.data.plan?.code
            // @ts-expect-error it is text
            const wrong: number | null | undefined = event.data.plan?.code
            const extra: unknown = event.data['new_key']
            console.log(code, wrong, extra)
          },
        },
      })
      export const email = (data: UserUpdatedData): string | null | undefined => data.user?.email
    `
    expect(compile({ 'generated.ts': generated, 'use.ts': use })).toEqual([])
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
