import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const DOCS = join(import.meta.dirname, '../docs')

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
