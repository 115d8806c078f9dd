import { join } from 'node:path'
import { findSnippets, isImported, listMembers, ROOT, type Snippet } from '@kinde-billing/test-support/snippets/find'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const snippets = findSnippets()

const CONNECTS = /new (?:Pool|PgBoss|Redis|Queue|Worker)\b|\bcreateClient\(/
/** In CommonJS, Jest's tests use its globals. */
const JEST = join(ROOT, 'snippet-globals.d.ts')
const JEST_GLOBALS = `declare const test: typeof import('vitest').test, expect: typeof import('vitest').expect`

const LISTENS = /\.on\('error'/

/** Both have an error on line 11 of a page. They prove that errors are found. */
const wrong: Snippet = {
  name: 'wrong',
  file: 'wrong.md',
  line: 10,
  text: 'const two: string = 1 + 1\n',
  isCommonJs: false,
}
const wrongCommonJs: Snippet = {
  ...wrong,
  name: 'wrong in CommonJS',
  text: "require('@kinde-billing/node').kindeBilling({ on: { 'customer.paid': () => {} } })\n",
  isCommonJs: true,
}

describe('every snippet', () => {
  const errors = compile([...snippets, wrong, wrongCommonJs])
  it.each(snippets.map(({ name }) => name))('compiles: %s', (name) => {
    expect(errors.get(name)).toEqual([])
  })

  const pages = snippets.filter(({ file }) => file.endsWith('.md'))
  it.each(pages.filter(({ text }) => CONNECTS.test(text)).map(({ name, text }) => [name, text]))(
    'on a page survives a restart of its store: %s',
    (_name, text) => {
      // an `error` event without a listener ends the process
      const [clients, listeners] = [CONNECTS, LISTENS].map((pattern) => text.match(new RegExp(pattern, 'g'))?.length)
      expect(listeners).toBe(clients)
      if (!text.includes("from 'pg'")) return
      // an error of `pg` holds the whole client, with its password
      expect(text).not.toMatch(/'error', \((\w+)\) => console\.\w+\(.*\b\1\)/)
      expect(text).toContain('connectionTimeoutMillis')
    },
  )

  it('would be reported with the line of its error', () => {
    expect(errors.get(wrong.name)).toEqual(["wrong.md:11: Type 'number' is not assignable to type 'string'."])
    expect(errors.get(wrongCommonJs.name)).toEqual([expect.stringMatching(/^wrong\.md:11: .*'customer\.paid'/s)])
  })
})

/** Type-checks all snippets in one program, with the options of the repository, and returns the errors of each by its name. */
function compile(all: Snippet[]): Map<string, string[]> {
  // a snippet may show a value without using it
  const options = {
    ...readCompilerOptions(),
    allowJs: true,
    checkJs: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
  }
  const byPath = new Map(
    all.map((snippet, index) => [join(ROOT, `snippet-${index}.${snippet.isCommonJs ? 'cjs' : 'ts'}`), snippet]),
  )
  const program = ts.createProgram([JEST, ...byPath.keys()], options, createHost(byPath, options))
  return new Map(
    [...byPath].map(([path, { name, file, line }]) => {
      const source = program.getSourceFile(path)
      const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      const messages = diagnostics.map(({ file: at, start = 0, messageText }) => {
        const lineInSnippet = at?.getLineAndCharacterOfPosition(start).line ?? 0
        return `${file}:${line + 1 + lineInSnippet}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
      })
      return [name, messages]
    }),
  )
}

function readCompilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
  return ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options
}

/** Adds the snippets to the disk. They may import what any package or example of the workspace has installed. */
function createHost(snippetsByPath: Map<string, Snippet>, options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  const cache = ts.createModuleResolutionCache(ROOT, (name) => name, options)
  const members = listMembers().map((folder) => join(folder, 'index.ts'))
  const resolve = (name: string, from: string): ts.ResolvedModuleWithFailedLookupLocations =>
    ts.resolveModuleName(name, from, options, host, cache)
  const resolveFromAny = (name: string, from: string): ts.ResolvedModuleWithFailedLookupLocations => {
    if (name.startsWith('./')) return { resolvedModule: findOnPage(name, from) }
    for (const member of members) {
      const resolution = resolve(name, member)
      if (resolution.resolvedModule) return resolution
    }
    return { resolvedModule: undefined }
  }
  /** A snippet of the same page that begins with the name of its file, such as `// billing.ts`. */
  const findOnPage = (name: string, from: string): ts.ResolvedModuleFull | undefined => {
    const page = snippetsByPath.get(from)?.file
    const found = [...snippetsByPath].find(([, snippet]) => isImported(snippet, name, page))
    return found && { resolvedFileName: found[0], extension: ts.Extension.Ts }
  }
  return {
    ...host,
    fileExists: (path) => path === JEST || snippetsByPath.has(path) || host.fileExists(path),
    getSourceFile: (path, target) => {
      const text = path === JEST ? JEST_GLOBALS : snippetsByPath.get(path)?.text
      return text === undefined ? host.getSourceFile(path, target) : ts.createSourceFile(path, text, target)
    },
    resolveModuleNameLiterals: (literals, from) =>
      literals.map(({ text: name }) => (snippetsByPath.has(from) ? resolveFromAny(name, from) : resolve(name, from))),
  }
}
