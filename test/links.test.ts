import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
/** A link to the site with a fixed anchor: `docsUrl('ignored')`, `docsUrl('errors', 'management')`. */
const PRINTED = /\bdocsUrl\('([\w-]+)'(?:, '([\w/-]+)')?\)/g
const NOT_OURS = new Set(['node_modules', 'dist', '.git', '.next', 'coverage', 'reports', 'api', '.stryker-tmp'])

function markdownFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : markdownFiles(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

/** Text without code: what stands there is no link. */
function prose(path: string): string {
  return readFileSync(path, 'utf8')
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, '_'))
}

function relativeLinks(path: string): string[] {
  return [...prose(path).matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)]
    .map(([, inline, reference]) => inline ?? reference ?? '')
    .filter((target) => target !== '' && !/^[a-z][a-z+.-]*:/i.test(target))
}

/** The anchors that GitHub gives to headings. */
function anchorsOf(path: string): Set<string> {
  const seen = new Map<string, number>()
  const anchors = new Set<string>()
  for (const [, heading = ''] of readFileSync(path, 'utf8')
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
    .matchAll(/^#{1,6}\s+(.+)$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/<[^>]+>/g, '')
    const slug = text
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    const count = seen.get(slug) ?? 0
    seen.set(slug, count + 1)
    anchors.add(count === 0 ? slug : `${slug}-${count}`)
  }
  return anchors
}

function isBroken(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? from : join(path.startsWith('/') ? ROOT : dirname(from), decodeURI(path))
  if (!existsSync(target) || relative(ROOT, target).startsWith('..')) return true
  if (anchor === undefined || anchor === '') return false
  return statSync(target).isFile() && !anchorsOf(target).has(decodeURI(anchor))
}

describe('the links in', () => {
  it.each(markdownFiles(ROOT).map((path) => relative(ROOT, path)))('%s lead somewhere', (name) => {
    const path = join(ROOT, name)
    expect(relativeLinks(path).filter((link) => isBroken(path, link))).toEqual([])
  })
})

it('finds the page and the anchor of every link that code prints', () => {
  const folders = readdirSync(join(ROOT, 'packages')).map((name) => join(ROOT, 'packages', name, 'src'))
  const sources = folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  )
  const links = sources.flatMap((text) => [...text.matchAll(PRINTED)])
  expect(links.length).toBeGreaterThan(4)
  const broken = links.filter(([, anchor, page = 'errors']) =>
    isBroken(join(ROOT, 'docs/index.md'), `${page}.md#${anchor}`),
  )
  expect(broken.map(([link]) => link)).toEqual([])
})
