import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { SiteConfig } from 'vitepress'
import { toRepositoryUrl } from './repository-links.js'

const LINK = /\]\((?!\w+:)([\w./-]+)(#[\w-]+)?\)/g

/** The label of a tab, whose bracket the plugin escapes, although it stands on the fence of a code block. */
const LABEL = /^(```\w* )\\\[/gm

/** Corrects the pages that are served as Markdown, and `llms-full.txt`. */
export function correctMarkdownCopies({ outDir, srcDir }: SiteConfig): void {
  for (const name of readdirSync(outDir, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.md') && name !== 'llms-full.txt') continue
    const text = readFileSync(join(outDir, name), 'utf8')
    const labelled = text.replace(LABEL, '$1[')
    const corrected = name.endsWith('.md') ? correctLinks(labelled, name, srcDir) : labelled
    if (corrected !== text) writeFileSync(join(outDir, name), corrected)
  }
}

/**
 * Links that leave `docs` lead to the repository, and those of `guides/index.md`, which is served as `guides.md`, start one
 * folder higher.
 */
function correctLinks(text: string, name: string, srcDir: string): string {
  const isPage = existsSync(join(srcDir, name))
  const folder = dirname(join(srcDir, isPage ? name : name.replace(/\.md$/, '/index.md')))
  return text.replace(LINK, (link, path: string, anchor = '') => {
    const target = join(folder, path)
    if (!existsSync(target)) return link
    const moved = isPage ? path : relative(dirname(join(srcDir, name)), target)
    return `](${toRepositoryUrl(`${path}${anchor}`, folder) ?? `${moved}${anchor}`})`
  })
}
