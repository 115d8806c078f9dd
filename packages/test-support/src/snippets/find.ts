import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'

export const ROOT = join(import.meta.dirname, '../../../..')

export interface Snippet {
  /** The place of its fence, such as `docs/node.md:12`. */
  readonly name: string
  readonly file: string
  readonly line: number
  readonly text: string
  /** JavaScript with `require`, as CommonJS users write it. */
  readonly isCommonJs: boolean
}

/**
 * Finds the TypeScript and CommonJS snippets of every page and of every docstring of the packages, and the samples that
 * pages include. A fence that names a file of an example, as ```` ```ts examples/koa/src/main.ts ````, shows that file, which
 * is compiled and run with the example.
 */
export function findSnippets(): Snippet[] {
  const pages = listFiles(['.md'], ['*', 'docs/**/*', 'skills/**/*', 'packages/*/*', 'examples/*/*'], [])
  const sources = listFiles(['.ts'], ['packages/*/src/**/*'], ['**/*.test.ts', '**/*.test-d.ts'])
  const samples = listFiles(['.ts', '.cjs'], ['docs/samples/*'], [])
  return [
    ...samples.map((file) => ({ name: file, file, line: 0, text: read(file), isCommonJs: file.endsWith('.cjs') })),
    ...pages.flatMap((file) => parseSnippets(file, read(file))),
    // without the asterisks of its docstrings, a source is a page too
    ...sources.flatMap((file) => parseSnippets(file, read(file).replace(/^ *\* ?/gm, ''))),
  ]
}

/** Lists the packages and examples, whose dependencies a snippet may import. */
export function listMembers(): string[] {
  return ['examples', 'packages'].flatMap((parent) =>
    ts.sys.getDirectories(join(ROOT, parent)).map((folder) => join(ROOT, parent, folder)),
  )
}

function listFiles(extensions: string[], include: string[], exclude: string[]): string[] {
  const ignored = ['**/node_modules', '**/dist', '**/.next', 'docs/api']
  return ts.sys.readDirectory(ROOT, extensions, [...ignored, ...exclude], include).map((file) => relative(ROOT, file))
}

/** True for the snippet that another one of its page imports: it opens with the name of its file, as `// handlers.ts`. */
export function isImported({ file, text }: Snippet, name: string, page: string | undefined): boolean {
  return file === page && text.startsWith(`// ${name.slice('./'.length).replace(/\.js$/, '.ts')}\n`)
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

function parseSnippets(file: string, text: string): Snippet[] {
  return [...text.matchAll(/^ *```(ts|js)\b(?! examples\/).*\n([\s\S]*?)^ *```$/gm)]
    .map(({ index, 1: language, 2: snippet = '' }) => {
      const line = text.slice(0, index).split('\n').length
      return { name: `${file}:${line}`, file, line, text: snippet, isCommonJs: language === 'js' }
    })
    .filter((snippet) => !snippet.isCommonJs || snippet.text.includes('require('))
}
