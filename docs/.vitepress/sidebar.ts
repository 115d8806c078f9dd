import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DefaultTheme } from 'vitepress'

type Item = DefaultTheme.SidebarItem

const DOCS = join(import.meta.dirname, '..')

/** The way through the pages. A folder lists its pages by the `order` of their front matter, then by title. */
export function sidebar(): Item[] {
  return [
    group('Start', ['quick-start', 'how-it-works', 'events', 'handlers']),
    { text: 'Guides', link: '/guides/', items: pagesIn('guides') },
    {
      text: 'Platforms',
      items: [...pages(['node', 'express', 'fastify', 'hono', 'next', 'nest']), ...pagesIn('platforms')],
    },
    { text: 'Hosting', items: [...pages(['serverless', 'workers', 'lambda']), ...pagesIn('deploy')] },
    group('Going live', ['go-live', 'webhooks', 'tunnel', 'check']),
    group('Operating', [
      'inboxes',
      'inbox-redis',
      'inbox-postgres',
      'redelivery',
      'inbox-table',
      'inbox-own',
      'transactions',
      'state',
      'state-facts',
      'sync',
      'console',
      'observability',
      'management',
    ]),
    group('Reference', ['errors', 'options', 'cli', 'doctor', 'types', 'raw-bodies', 'webhook-id', 'simulator']),
    { text: 'API', items: modules() },
    group('Comparison', ['comparison', 'compatibility', 'migrating-from-kinde-webhooks']),
  ].filter(({ items }) => items.length > 0)
}

function group(text: string, names: string[]): { text: string; items: Item[] } {
  return { text, items: pages(names) }
}

/** Pages that are there: others may be written later or moved. */
function pages(names: string[]): Item[] {
  return names
    .filter((name) => existsSync(join(DOCS, `${name}.md`)))
    .map((name) => ({ text: readHead(name).title, link: `/${name}` }))
}

function pagesIn(folder: string): Item[] {
  const path = join(DOCS, folder)
  if (!existsSync(path)) return []
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !/^(index|README)\.md$|modules\.md$/.test(name))
    .map((name) => `${folder}/${name.slice(0, -3)}`)
  return names
    .map((name) => ({ ...readHead(name), link: `/${name}` }))
    .sort((a, b) => a.order - b.order || a.title.localeCompare(b.title))
    .map(({ title: text, link }) => ({ text, link }))
}

/** The modules of the API, by the names that applications import. */
function modules(): Item[] {
  return pagesIn('api').map(({ link = '' }) => ({ text: link.slice('/api/'.length).replace(/\/index$/, ''), link }))
}

/** The short title and the order of a page, from its front matter or its first heading. */
function readHead(name: string): { title: string; order: number } {
  const text = readFileSync(join(DOCS, `${name}.md`), 'utf8')
  const matter = /^---\n([\s\S]*?)\n---\n/.exec(text)?.[1] ?? ''
  const read = (key: string): string | undefined => new RegExp(`^${key}: *(.+)$`, 'm').exec(matter)?.[1]
  const heading = /^# (.+)$/m.exec(text)?.[1]
  const title = read('sidebar') ?? read('title') ?? heading ?? name
  return { title: title.replace(/^(['"])(.*)\1$/, '$2').replaceAll('`', ''), order: Number(read('order') ?? 1000) }
}
