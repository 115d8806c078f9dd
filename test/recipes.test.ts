import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** The examples that are tested with their platform. */
const EXAMPLES = readdirSync(join(ROOT, 'test/platforms')).flatMap((file) => {
  const [, example] = /example: '([\w-]+)'/.exec(read(`test/platforms/${file}`)) ?? []
  return example === undefined ? [] : [example]
})

const pages = readdirSync(join(ROOT, 'docs/platforms')).map((file) => `docs/platforms/${file}`)

/** The fences that show a file of an example. */
function findShown(page: string): { file: string; text: string }[] {
  const fences = read(page).matchAll(/^```\w+ (examples\/\S+)\n([\s\S]*?)^```$/gm)
  return [...fences].map(([, file = '', text = '']) => ({ file, text }))
}

describe.each(EXAMPLES)('examples/%s', (example) => {
  const files = readdirSync(join(ROOT, 'examples', example), { recursive: true, encoding: 'utf8' })
  const manifest = files.includes('package.json') ? JSON.parse(read(`examples/${example}/package.json`)) : {}

  it('has a page, which shows its code as it is', () => {
    const shown = pages.flatMap(findShown).filter(({ file }) => file.startsWith(`examples/${example}/`))
    expect(shown.length).toBeGreaterThan(0)
    for (const { file, text } of shown) expect(text, file).toBe(read(file))
  })

  it('depends on published versions and needs no conditions', () => {
    const dependencies: Record<string, string> = { ...manifest.dependencies, ...manifest.devDependencies }
    for (const [name, version] of Object.entries(dependencies))
      expect(version, name).toMatch(name.startsWith('@kinde-billing/') ? /^\^\d/ : /^\d/)
    expect(JSON.stringify(manifest.scripts ?? {})).not.toContain('--conditions')
  })

  it('leaves statuses, error codes and headers to the packages', () => {
    const sources = files.filter(
      (file) => /(?<!\.d)\.(ts|tsx|js|mjs)$/.test(file) && !/node_modules|^\.|test/.test(file),
    )
    expect(sources.length).toBeGreaterThan(0)
    for (const file of sources)
      expect(read(`examples/${example}/${file}`), file).not.toMatch(
        /\b(?:200|4\d\d|50\d)\b|status\s*[:=]|headers\.set|unauthorized|retry-after/i,
      )
  })

  it('is not installed with the workspace', () => {
    expect(read('pnpm-workspace.yaml')).toMatch(new RegExp(`['"]!examples/${example}['"]`))
  })
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
