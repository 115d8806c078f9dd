import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findCommands, findFences, ROOT } from './find-fences.js'

export const QUICK_START = 'docs/quick-start.md'

/** A tab of the quick start that starts a server. */
export interface Start {
  readonly tab: string
  /** The folder in `examples` that has the dependencies of the framework installed. */
  readonly example: string
  /** The sample that a reader saves. */
  readonly code: string
  /** The file that a reader saves it as. */
  readonly file: string
  /** The commands that start it. */
  readonly commands: readonly string[]
}

/** The tabs of the quick start that start a server. Those of a platform's own command are not among them. */
export function findStarts(): Start[] {
  const page = readFileSync(join(ROOT, QUICK_START), 'utf8')
  const typed = new Map(
    [...page.matchAll(/^```sh \[(.+)\]\n([\s\S]*?)\n```$/gm)]
      .filter(([, , text = '']) => / (?:app|server)\.\w+$/.test(text))
      .map(([, tab = '', text = '']) => [tab, text.split('\n')]),
  )
  return [...page.matchAll(/^<<< @\/samples\/([\w.]+)(?:\{\w+\})? \[(.+)\]$/gm)].flatMap(
    ([, sample = '', tab = '']) => {
      const [name = '', extension = ''] = sample.split('.')
      const code = readFileSync(join(ROOT, 'docs/samples', sample), 'utf8')
      const example = name === 'node' ? 'node-http' : name
      const commands = typed.get(tab)
      return commands === undefined ? [] : [{ tab, example, code, file: `app.${extension}`, commands }]
    },
  )
}

/** The commands that a reader sends after the start, in any framework, with the lines that the page then shows. */
export function findSends(): { command: string; shown: string[] }[] {
  const texts = findFences().filter(({ page, language }) => page === QUICK_START && language === 'text')
  return findCommands()
    .filter(({ page, text }) => page === QUICK_START && text.startsWith('npx kinde-billing trigger'))
    .map(({ text, line }) => {
      const shown = texts.find((fence) => fence.line > line && fence.line < line + 8)?.text ?? ''
      return { command: text, shown: shown.split('\n').filter((one) => one !== '') }
    })
}

/** Text without what differs from run to run: ids, numbers and the width of the terminal. */
export const toShape = (text: string): string =>
  text
    .replace(/event_\w+|\d[\d.]*/g, '#')
    .replace(/\s+/g, ' ')
    .trim()
