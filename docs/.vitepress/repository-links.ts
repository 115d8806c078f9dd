import { statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'

export const REPOSITORY = 'https://github.com/kinde-billing/kinde-billing'

const DOCS = join(import.meta.dirname, '..')
const ROOT = join(DOCS, '..')

/** Makes links that leave `docs` (to packages and examples) lead to the repository. */
export function linkToRepository(md: MarkdownRenderer): void {
  md.core.ruler.push('link_to_repository', ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null
      if (href?.startsWith('.')) token.attrSet('href', toRepositoryUrl(href, dirname(env.path)) ?? href)
    }
  })
}

/** The address of a file outside `docs`; undefined for a page of the site. */
export function toRepositoryUrl(href: string, folder: string): string | undefined {
  const [path = '', anchor] = href.split('#')
  const target = join(folder, path)
  if (!relative(DOCS, target).startsWith('..')) return undefined
  const kind = statSync(target).isDirectory() ? 'tree' : 'blob'
  return `${REPOSITORY}/${kind}/main/${relative(ROOT, target)}${anchor === undefined ? '' : `#${anchor}`}`
}
