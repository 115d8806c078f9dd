import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const CONTRIBUTING = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8')
const EVENT_TYPES = 'packages/core/src/event-types.ts'
const EVENTS = 'packages/core/src/events.ts'

/** The files that a section of CONTRIBUTING.md links to. */
function filesOf(heading: string): string[] {
  const section = CONTRIBUTING.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const links = [...section.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = '']) => path)
  return [...new Set(links)].filter((path) => path !== '.changeset/README.md').sort()
}

/** Compiles the whole repository with some files replaced, and returns the files in which the compiler finds errors. */
function findErrors(replaced: Record<string, string>): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  const host = ts.createCompilerHost(options)
  const getSourceFile = host.getSourceFile.bind(host)
  host.getSourceFile = (fileName, ...rest) => {
    const text = replaced[relative(ROOT, fileName)]
    return text === undefined
      ? getSourceFile(fileName, ...rest)
      : ts.createSourceFile(fileName, text, ts.ScriptTarget.ES2022)
  }
  const program = ts.createProgram(fileNames, options, host)
  const files = program.getSemanticDiagnostics().flatMap(({ file }) => (file === undefined ? [] : [file.fileName]))
  return [...new Set(files)].map((file) => relative(ROOT, file)).sort()
}

/** A source file with each text replaced, which must be there. */
function edit(file: string, ...edits: [from: string, to: string][]): Record<string, string> {
  const text = edits.reduce(
    (before, [from, to]) => {
      expect(before, file).toContain(from)
      return before.replace(from, to)
    },
    readFileSync(join(ROOT, file), 'utf8'),
  )
  return { [file]: text }
}

describe('the recipe for an event type', () => {
  const name = edit(EVENT_TYPES, [
    "  'customer.plan_changed',\n] as const",
    "  'customer.plan_changed',\n  'customer.dummy_happened',\n] as const",
  ])
  const groups = edit(
    EVENT_TYPES,
    ["  'customer.plan_changed',\n] as const", "  'customer.plan_changed',\n  'customer.dummy_happened',\n] as const"],
    [
      "  'customer.plan_changed': ['plan'],",
      "  'customer.plan_changed': ['plan'],\n  'customer.dummy_happened': ['plan'],",
    ],
  )
  const event = edit(EVENTS, [
    '  | PlanChangedEvent<',
    "  | (BillingEventBase<'customer.dummy_happened', EventData> & GroupsOf<'customer.dummy_happened'>)\n  | PlanChangedEvent<",
  ])

  // each compiles the whole repository, which takes minutes on a busy machine
  it.each([
    ['its name', name],
    ['its name, groups and event', { ...groups, ...event }],
  ])('names every file in which the compiler finds a gap after %s', { timeout: 900_000 }, (_, replaced) => {
    const recipe = filesOf('Add an event type')
    const found = findErrors(replaced)
    expect(found.length).toBeGreaterThan(0)
    expect(found.filter((file) => !recipe.includes(file))).toEqual([])
  })
})

describe.each(['Add an event type', 'Add an adapter', 'Add an inbox'])('%s', (heading) => {
  it('links to files that exist', () => {
    const files = filesOf(heading)
    expect(files.length).toBeGreaterThan(2)
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  })
})
