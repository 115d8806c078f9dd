import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findCommands, ROOT } from './commands/find-fences.js'

const DOCS = join(ROOT, 'docs')

/** Pages for a task, which a reader follows from the first line to the last. */
const PAGES = [
  ...readdirSync(join(DOCS, 'guides')).map((name) => `guides/${name}`),
  ...['console.md', 'management.md', 'observability.md', 'simulator.md', 'state.md', 'sync.md', 'transactions.md'],
]

/** The packages that readers of a guide have: their framework and its adapter, and their test runner. */
const READERS_OWN =
  /^(@kinde-billing\/(node|fastify|hono|next)|express|fastify|hono|@hono\/node-server|next|vitest|node:.*|\..*)$/

describe.each(PAGES)('docs/%s', (page) => {
  const text = readFileSync(join(DOCS, page), 'utf8')

  it('installs every package that its code imports', () => {
    const code = [...text.matchAll(/^```(?:ts|js)\b.*\n([\s\S]*?)^```$/gm)].map(([, snippet]) => snippet).join('\n')
    const imported = [...code.matchAll(/\b(?:from|require\() ?'([^']+)'/g)].map(([, name = '']) => toPackage(name))
    const installed = new Set(
      [...text.matchAll(/npm install (.*)/g)].flatMap(([, names = '']) =>
        names.split(' ').map((name) => name.replace(/(?<=.)@[\d.]+$/, '')),
      ),
    )
    expect(imported.filter((name) => !READERS_OWN.test(name) && !installed.has(name))).toEqual([])
  })
})

/** `@scope/name/subpath` is a part of the package `@scope/name`. */
function toPackage(specifier: string): string {
  if (specifier.startsWith('node:') || specifier.startsWith('.')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** The packages that this repository publishes, and those that it, or one of its examples, has installed. */
function listKnown(): Set<string> {
  const folders = ['packages', 'examples'].flatMap((parent) =>
    readdirSync(join(ROOT, parent)).map((name) => join(parent, name)),
  )
  const manifests = ['.', ...folders]
    .map((folder) => join(ROOT, folder, 'package.json'))
    .filter((file) => existsSync(file))
  return new Set(
    manifests.flatMap((file) => {
      const { name, dependencies, devDependencies, peerDependencies } = JSON.parse(readFileSync(file, 'utf8'))
      return [name, ...Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies })]
    }),
  )
}

/** Packages that a test installs by the command of the page: the test, and the text in it that shows so. */
const INSTALLED_BY_TESTS: Record<string, readonly [file: string, shows: string]> = {
  jest: ['test/platforms/jest-guide.platform.ts', "' jest@'"],
  'ts-jest': ['test/platforms/jest-guide.platform.ts', "' jest@'"],
  '@types/jest': ['test/platforms/jest-guide.platform.ts', "' jest@'"],
}

it('names packages that the tests have installed, on every page', () => {
  const known = listKnown()
  const installs = findCommands().flatMap(({ page, text }) => {
    const [, names] = /^(?:npm install|bun add|deno add)(?: --save-dev)? (.+)$/.exec(text) ?? []
    return (names ?? '')
      .split(' ')
      .map((name) => ({ page, name: name.replace(/^npm:/, '').replace(/(?<=.)@[\d.]+$/, '') }))
  })
  const unknown = installs.filter(({ name }) => name !== '' && !name.includes('/tarballs/') && !known.has(name))
  expect(unknown.filter(({ name }) => !(name in INSTALLED_BY_TESTS))).toEqual([])
  for (const [file, shows] of Object.values(INSTALLED_BY_TESTS))
    expect(readFileSync(join(ROOT, file), 'utf8')).toContain(shows)
})
