import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXAMPLES, RECIPES } from './platforms/list-examples.js'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** The files of an example: nothing that is installed or built, and no tests. */
function listFiles(example: string, folder = ''): string[] {
  const entries = readdirSync(join(ROOT, 'examples', example, folder), { withFileTypes: true })
  return entries.flatMap((entry) => {
    if (/^(?:node_modules|dist|build|test|\..+)$/.test(entry.name)) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? listFiles(example, path) : [path]
  })
}

const pages = readdirSync(join(ROOT, 'docs/platforms')).map((file) => `docs/platforms/${file}`)

/** The fences that show a file of an example. */
function findShown(page: string): { file: string; text: string }[] {
  const fences = read(page).matchAll(/^```\w+ (examples\/\S+)\n([\s\S]*?)^```$/gm)
  return [...fences].map(([, file = '', text = '']) => ({ file, text }))
}

describe.each(RECIPES)('examples/%s', (example) => {
  it('has a page, which shows its code as it is', () => {
    const shown = pages.flatMap(findShown).filter(({ file }) => file.startsWith(`examples/${example}/`))
    expect(shown.length).toBeGreaterThan(0)
    for (const { file, text } of shown) expect(text, file).toBe(read(file))
  })

  it('is not installed with the workspace', () => {
    expect(read('pnpm-workspace.yaml')).toMatch(new RegExp(`['"]!examples/${example}['"]`))
  })
})

describe.each(EXAMPLES)('examples/%s', (example) => {
  it('depends on published versions and needs no conditions', () => {
    const path = `examples/${example}/package.json`
    const { dependencies, devDependencies, scripts = {} } = existsSync(join(ROOT, path)) ? JSON.parse(read(path)) : {}
    const all: Record<string, string> = { ...dependencies, ...devDependencies }
    for (const [name, version] of Object.entries(all))
      expect(version, name).toMatch(name.startsWith('@kinde-billing/') ? /^\^\d/ : /^\d/)
    expect(JSON.stringify(scripts)).not.toContain('--conditions')
  })

  it('has a README, which begins with the commands that start a copy', () => {
    const [, commands] = /^```sh\n([\s\S]*?)^```/m.exec(read(`examples/${example}/README.md`)) ?? []
    expect(commands).toMatch(/(?: start| run dev|deno run .+)\n$/)
    if (commands?.includes('KINDE_ISSUER_URL='))
      expect(read(`examples/${example}/README.md`)).toMatch(/`POST \/[\w/-]*`/)
  })

  it('reaches for nothing outside its folder', () => {
    const sources = listFiles(example).filter((file) => /\.(?:tsx?|m?js|json)$/.test(file))
    expect(sources.length).toBeGreaterThan(0)
    for (const file of sources) {
      const depth = file.split('/').length - 1
      expect(read(`examples/${example}/${file}`), file).not.toContain(`'${'../'.repeat(depth + 1)}`)
      expect(read(`examples/${example}/${file}`), file).not.toContain(`"${'../'.repeat(depth + 1)}`)
    }
  })
})

it('has the same billing.ts in each example that has one', () => {
  const paths = EXAMPLES.flatMap((name) => [`examples/${name}/src/billing.ts`, `examples/${name}/billing.ts`])
  const copies = paths.filter((path) => existsSync(join(ROOT, path)) && !path.includes('/saas/'))
  expect(copies.length).toBeGreaterThan(5)
  for (const path of copies) expect(read(path), path).toBe(read(copies[0] ?? ''))
})

describe.each(pages)('%s', (page) => {
  it('names the versions it was tested with, as its example pins them', () => {
    for (const example of new Set(findShown(page).map(({ file }) => file.split('/')[1] ?? ''))) {
      const path = `examples/${example}/package.json`
      if (!existsSync(join(ROOT, path))) continue
      const { dependencies = {} }: { dependencies?: Record<string, string> } = JSON.parse(read(path))
      for (const [name, version] of Object.entries(dependencies))
        if (!/^(@kinde-billing\/|tsx$|react(-dom)?$|isbot$)/.test(name)) expect(read(page), name).toContain(version)
    }
  })
})
