import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** Folders that are installed or built. */
const GENERATED = new Set(['node_modules', 'dist', 'api', 'reports', 'tarballs', 'coverage'])

/** A block of code on a page. */
export interface Fence {
  readonly page: string
  /** The line of its opening fence. */
  readonly line: number
  readonly language: string
  readonly text: string
}

/** A line that a reader types into a shell. */
export interface Command {
  readonly page: string
  readonly line: number
  /** Without the prompt and the comment behind it. */
  readonly text: string
  /** The comment behind it, or on the lines above. */
  readonly comment: string
}

/** Every block of code of every page: READMEs, the site, skills and the pages for contributors. */
export function findFences(): Fence[] {
  return listPages(ROOT).flatMap((path) => {
    const text = readFileSync(path, 'utf8')
    return [...text.matchAll(/^( *)```(\w*)[^\n]*\n([\s\S]*?)^ *```$/gm)].map(
      ({ index, 1: indent = '', 2: language = '', 3: body = '' }) => ({
        page: relative(ROOT, path),
        line: text.slice(0, index).split('\n').length,
        language,
        text: body.replace(new RegExp(`^${indent}`, 'gm'), ''),
      }),
    )
  })
}

/** Every command of every page. */
export function findCommands(): Command[] {
  return findFences()
    .filter(({ language }) => ['sh', 'bash', 'console'].includes(language))
    .flatMap(({ page, line, text }) => {
      let above = ''
      return text.split('\n').flatMap((typed, index) => {
        const [, command = '', comment = ''] = /^(?:\$ )?(.*?)(?:(?:^|\s+)# ?(.*))?$/.exec(typed) ?? []
        if (command === '') {
          above = comment
          return []
        }
        const found = { page, line: line + 1 + index, text: command, comment: comment || above }
        above = ''
        return [found]
      })
    })
}

/** The files of every page. */
export function listPages(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      const isHidden = entry.name.startsWith('.') && entry.name !== '.changeset'
      return isHidden || GENERATED.has(entry.name) ? [] : listPages(path)
    }
    return entry.name.endsWith('.md') ? [path] : []
  })
}
