import { join } from 'node:path'
import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { startTestManagementApi } from '@kinde-billing/testing/management'
import ts from 'typescript'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createManagementClient } from '../src/client.js'
import { generateTypes } from '../src/types/generate.js'
import { named, object, ofData, run } from './generated-module.js'

const FOLDER = import.meta.dirname
const ROOT = join(FOLDER, '../../..')

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
})
