import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

const SKIPPED = new Set(['node_modules', 'dist', 'docs/api', '.git', '.next', '.stryker-tmp', 'reports', 'coverage'])

/** Every file of the repository, by its path with slashes. */
function findFiles(folder = ''): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (SKIPPED.has(entry.name) || SKIPPED.has(path)) return []
    return entry.isDirectory() ? findFiles(path) : [path]
  })
}

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

const FILES = findFiles()
const CODE = FILES.filter((file) => /\.tsx?$/.test(file))
const SOURCES = CODE.filter((file) => /^packages\/[^/]+\/src\//.test(file))
const PROSE = FILES.filter((file) => file.endsWith('.md'))

/** The relative modules that a file imports or exports from, types included. */
function findImports(file: string): string[] {
  const specifiers = read(file).matchAll(/^(?:import|export)\b[^'"`]*?\bfrom '(\.[^']+)'|^import '(\.[^']+)'/gm)
  return [...specifiers].map(([, from, bare]) => from ?? bare ?? '')
}

describe('imports', () => {
  it('are never in a circle, not even of types', () => {
    const files = new Set(SOURCES)
    const resolve = (from: string, specifier: string): string => {
      const path = normalize(join(dirname(from), specifier))
        .split(sep)
        .join('/')
      return path.replace(/\.js$/, '.ts')
    }
    const edges = new Map(
      SOURCES.map((file) => [
        file,
        findImports(file)
          .map((one) => resolve(file, one))
          .filter((one) => files.has(one)),
      ]),
    )
    expect(findCircles(edges)).toEqual([])
  })

  it('stay in their package', () => {
    const leaving = CODE.filter((file) => /^packages\/.*\/(src|test)\//.test(file)).flatMap((file) => {
      const root = file.split('/').slice(0, 2).join('/')
      return findImports(file)
        .filter((specifier) => relative(root, join(dirname(file), specifier)).startsWith('..'))
        .map((specifier) => `${file}: ${specifier}`)
    })
    expect(leaving).toEqual([])
  })
})

describe('the layout in CONTRIBUTING.md', () => {
  const layout = read('CONTRIBUTING.md').split('packages/\n')[1]?.split('```')[0] ?? ''

  it.each(['core/src/', 'core/src/jwks/', 'core/src/receiver/'])('lists the files of %s', (folder) => {
    const [, names = ''] = layout.split(`  ${folder} `)
    const listed = names
      .split(/\n {2}\w/)[0]
      ?.split(/\s+/)
      .filter(Boolean)
    const path = `packages/${folder}`
    const files = SOURCES.filter((file) => file.startsWith(path) && !/\.test(-d)?\.ts$/.test(file))
      .map((file) => file.slice(path.length))
      .filter((file) => !file.includes('/'))
    expect(listed?.sort()).toEqual(files.map((file) => file.replace(/\.ts$/, '')).sort())
  })
})

describe('words', () => {
  // In the plain English of this project, each has a common word in its place.
  const AVOIDED =
    /\b(mend|mends|mended|mending|judge|judges|judged|judging|heed\w*|the eight|hears of|lends|at hand|anew|to the letter|whoever|nobody)\b/i
  const ALLOWED = [
    // its subject is the words
    'test/style.test.ts',
  ]

  it.each([
    ['code', CODE],
    ['prose', PROSE],
  ])('are plain in %s', (_, files) => {
    const found = files
      .filter((file) => !ALLOWED.includes(file))
      .flatMap((file) =>
        read(file)
          .split('\n')
          .flatMap((line, index) => {
            const word = AVOIDED.exec(line)?.[0]
            return word === undefined ? [] : [`${file}:${index + 1}: ${word}`]
          }),
      )
    expect(found).toEqual([])
  })
})

describe('docstrings', () => {
  it('open with a noun or a verb: under 3 % with a question word', () => {
    const openings = SOURCES.flatMap((file) =>
      [...read(file).matchAll(/\/\*\*\s*(?:\*\s*)?(\w+)/g)].map(([, word = '']) => ({ file, word })),
    )
    const questions = openings.filter(({ word }) => /^(What|Whether|Where|Whose|Whoever|Whatever|Which)$/.test(word))
    expect(openings.length).toBeGreaterThan(500)
    expect(
      questions.length / openings.length,
      questions.map(({ file, word }) => `${file}: ${word}`).join('\n'),
    ).toBeLessThan(0.03)
  })
})

/** Every circle once, as its files in order. */
function findCircles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start >= 0) circles.push([...path.slice(start), file].join(' → '))
    if (start >= 0 || done.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
  return circles
}
