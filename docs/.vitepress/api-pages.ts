import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { slugify } from './slugify.js'

/** Sections whose headings say nothing that their content does not. */
const PLAIN = new Set([
  'Properties',
  'Methods',
  'Accessors',
  'Constructors',
  'Constructor',
  'Call Signature',
  'Indexable',
])

/** Makes the pages of the API reference that typedoc has written short: one page an entry point, and nothing twice. */
function shortenApiPages(folder: string): void {
  mergeModules(join(folder, '@kinde-billing/testing'))
  const files = listPages(folder)
  const pages = files.map(
    (file) => [file, shorten(titled(readFileSync(file, 'utf8'), relative(folder, file)))] as const,
  )
  const linked = new Set(pages.flatMap(([, text]) => [...text.matchAll(/#(property-[\w-]+)\)/g)].map(([, id]) => id)))
  const anchors = new Map(pages.map(([file, text]) => [file, findAnchors(text)]))
  for (const [file, text] of pages)
    writeFileSync(
      file,
      correctAnchors(text, file, anchors).replace(/<a id="([^"]+)"><\/a> /g, (anchor, id) =>
        linked.has(id) ? anchor : '',
      ),
    )
}

/** The anchors of the headings of a page, those of equal headings with a number. */
function findAnchors(text: string): Set<string> {
  const counts = new Map<string, number>()
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slugify(heading))
  return new Set(
    headings.map((slug) => {
      const count = counts.get(slug) ?? 0
      counts.set(slug, count + 1)
      return count === 0 ? slug : `${slug}-${count}`
    }),
  )
}

/** typedoc numbers the links to a name that is both a value and a type, although the page has one heading for both. */
function correctAnchors(text: string, file: string, anchors: ReadonlyMap<string, ReadonlySet<string>>): string {
  return text.replace(/\]\(([^)#:]*)#([\w-]+)-(\d+)\)/g, (link, path: string, name: string, number: string) => {
    const ids = anchors.get(path === '' ? file : join(dirname(file), path))
    return ids?.has(`${name}-${number}`) === false && ids.has(name) ? `](${path}#${name})` : link
  })
}

function listPages(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  // lists of modules: the sidebar has them
  for (const file of files.filter((name) => basename(name) === 'modules.md')) rmSync(file)
  return files.filter((name) => name.endsWith('.md') && basename(name) !== 'modules.md' && statSync(name).isFile())
}

/** Makes one page of the entry points of a package, and leaves its links to itself intact. */
function mergeModules(folder: string): void {
  const name = `@kinde-billing/${basename(folder)}`
  const modules = readdirSync(folder).filter((file) => file !== 'modules.md')
  const texts = modules
    .sort((a, b) => Number(b === 'index.md') - Number(a === 'index.md') || a.localeCompare(b))
    .map((file) => {
      const entry = file === 'index.md' ? name : `${name}/${file.slice(0, -'.md'.length)}`
      const text = readFileSync(join(folder, file), 'utf8')
        .replace(/^# .*$/m, `# ${entry}`)
        .replace(/\]\((?:[\w-]+\.md)#/g, '](#')
        .replace(/\]\(\.\.\/\.\.\//g, '](../')
        .replace(/\]\(\.\.\//g, '](')
      return file === 'index.md' ? text : text.replace(/^# /m, '## ')
    })
  writeFileSync(`${folder}.md`, texts.join('\n\n'))
  rmSync(folder, { recursive: true })
}

/** A page with the name that applications import as its title. */
const titled = (text: string, file: string): string =>
  text.replace(/^# .*$/m, `# ${file.replace(/(\/index)?\.md$/, '')}`)

/** A heading with what stands under it. */
interface Section {
  readonly level: number
  readonly title: string
  readonly body: string
}

function shorten(text: string): string {
  const seen = new Set<string>()
  const blocks = splitSections(text.replace(/^\*\*\*\n/gm, '')).flatMap((section) => {
    if (isName(section)) seen.clear()
    // overloads say the same of each signature
    return renderSection(section).filter((block) => block !== '' && !seen.has(block) && seen.add(block))
  })
  return `${blocks.join('\n\n')}\n`
}

function splitSections(text: string): Section[] {
  const parts = text.split(/^(#{1,6}) (.+)\n/m)
  const sections: Section[] = []
  for (let index = 1; index < parts.length; index += 3) {
    const [marks = '', title = '', body = ''] = parts.slice(index, index + 3)
    sections.push({ level: marks.length, title, body: body.trim() })
  }
  return sections
}

const isName = ({ title }: Section): boolean => !PLAIN.has(title) && !(title in DETAILS)

function renderSection(section: Section): string[] {
  const { level, title, body } = section
  if (isName(section)) return [`${'#'.repeat(Math.min(level, 3))} ${title}`, body]
  const [, code = '', text = body] = /^(```ts\n.*?\n```)(?:\n\n(.*))?$/s.exec(body) ?? []
  return PLAIN.has(title) ? [code, text] : [DETAILS[title]?.(body) ?? '']
}

/** Sections about a name, by their headings. */
const DETAILS: { readonly [title: string]: (body: string) => string } = {
  Example: (body) => body,
  Extends: (body) => `Extends ${body.replace(/^- /gm, '').split('\n').join(', ')}.`,
  Parameters: listDescribed,
  'Type Parameters': listDescribed,
  Returns: (body) => label('Returns', body.split('\n\n').slice(1).join('\n\n')),
  Throws: (body) => label('Throws', body),
  // what follows repeats another section or page
  'Extended by': () => '',
  Overrides: () => '',
  'Inherited from': () => '',
  'Implementation of': () => '',
  Implements: () => '',
}

const label = (name: string, text: string): string => (text === '' ? '' : `**${name}:** ${text}`)

/** The rows of a table that have a description, as a list. The types stand in the signature. */
function listDescribed(table: string): string {
  const [head = '', , ...rows] = table.split('\n')
  const column = toCells(head).indexOf('Description')
  if (column < 0) return ''
  return rows
    .map(toCells)
    .filter((cells) => (cells[column] ?? '-') !== '-')
    .map((cells) => `- ${cells[0]}: ${cells[column]}`)
    .join('\n')
}

const toCells = (row: string): string[] =>
  row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim())

shortenApiPages(join(dirname(import.meta.dirname), 'api'))
