import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

interface Snippet {
  /** `docs/node.md:12`: where its fence is. */
  readonly name: string
  readonly file: string
  readonly line: number
  readonly text: string
}

const pages = filesOf(['.md'], ['*', 'docs/**/*', 'packages/*/*', 'examples/*/*'], [])
const sources = filesOf(['.ts'], ['packages/*/src/**/*'], ['**/*.test.ts', '**/*.test-d.ts'])
const snippets = [
  ...pages.flatMap((file) => snippetsOf(file, read(file))),
  // without the asterisks of its docstrings a source is a page too
  ...sources.flatMap((file) => snippetsOf(file, read(file).replace(/^ *\* ?/gm, ''))),
]

/** On line 11 of a page: it proves that what does not compile is found. */
const wrong: Snippet = { name: 'wrong', file: 'wrong.md', line: 10, text: 'const two: string = 1 + 1\n' }

describe('every snippet compiles as it stands', () => {
  const errors = compile([...snippets, wrong])
  it.each(snippets.map(({ name }) => name))('%s', (name) => {
    expect(errors.get(name)).toEqual([])
  })

  it('and one that does not is reported with its line', () => {
    expect(errors.get(wrong.name)).toEqual(["wrong.md:11: Type 'number' is not assignable to type 'string'."])
  })
})

function filesOf(extensions: string[], include: string[], exclude: string[]): string[] {
  const ignored = ['**/node_modules', '**/dist', '**/.next', 'docs/api']
  return ts.sys.readDirectory(ROOT, extensions, [...ignored, ...exclude], include).map((file) => relative(ROOT, file))
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

function snippetsOf(file: string, text: string): Snippet[] {
  return [...text.matchAll(/^ *```ts\b.*\n([\s\S]*?)^ *```$/gm)].map(({ index, 1: snippet = '' }) => {
    const line = text.slice(0, index).split('\n').length
    return { name: `${file}:${line}`, file, line, text: snippet }
  })
}

/** Type-checks all snippets in one program, with the options of the repository: the errors of each, by its name. */
function compile(all: Snippet[]): Map<string, string[]> {
  // a snippet may show a value that it has no use for
  const options = { ...optionsOfRepository(), noUnusedLocals: false, noUnusedParameters: false }
  const byPath = new Map(all.map((snippet, index) => [join(ROOT, `snippet-${index}.ts`), snippet]))
  const program = ts.createProgram([...byPath.keys()], options, hostOf(byPath, options))
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

function optionsOfRepository(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
  return ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options
}

/** The disk, and the snippets beside it, which see whatever any package or example of the workspace has installed. */
function hostOf(snippetsByPath: Map<string, Snippet>, options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  const cache = ts.createModuleResolutionCache(ROOT, (name) => name, options)
  const members = ['examples', 'packages'].flatMap((parent) =>
    ts.sys.getDirectories(join(ROOT, parent)).map((folder) => join(ROOT, parent, folder, 'index.ts')),
  )
  const resolve = (name: string, from: string): ts.ResolvedModuleWithFailedLookupLocations =>
    ts.resolveModuleName(name, from, options, host, cache)
  const resolveFromAny = (name: string): ts.ResolvedModuleWithFailedLookupLocations => {
    for (const member of members) {
      const resolution = resolve(name, member)
      if (resolution.resolvedModule) return resolution
    }
    return { resolvedModule: undefined }
  }
  return {
    ...host,
    fileExists: (path) => snippetsByPath.has(path) || host.fileExists(path),
    getSourceFile: (path, target) => {
      const text = snippetsByPath.get(path)?.text
      return text === undefined ? host.getSourceFile(path, target) : ts.createSourceFile(path, text, target)
    },
    resolveModuleNameLiterals: (literals, from) =>
      literals.map(({ text: name }) => (snippetsByPath.has(from) ? resolveFromAny(name) : resolve(name, from))),
  }
}
