import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { SiteConfig } from 'vitepress'
import { toRepositoryUrl } from './repository-links.js'

const LINK = /\]\((?!\w+:)([\w./-]+)(#[\w-]+)?\)/g

/**
 * Corrects links of the pages that are served as Markdown: those that leave `docs` lead to the repository, and those of
 * `guides/index.md`, which is served as `guides.md`, start one folder higher.
 */
export function correctMarkdownLinks({ outDir, srcDir }: SiteConfig): void {
  for (const name of readdirSync(outDir, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.md')) continue
    const isPage = existsSync(join(srcDir, name))
    const folder = dirname(join(srcDir, isPage ? name : name.replace(/\.md$/, '/index.md')))
    const text = readFileSync(join(outDir, name), 'utf8')
    const corrected = text.replace(LINK, (link, path: string, anchor = '') => {
      const target = join(folder, path)
      if (!existsSync(target)) return link
      const moved = isPage ? path : relative(dirname(join(srcDir, name)), target)
      return `](${toRepositoryUrl(`${path}${anchor}`, folder) ?? `${moved}${anchor}`})`
    })
    if (corrected !== text) writeFileSync(join(outDir, name), corrected)
  }
}
