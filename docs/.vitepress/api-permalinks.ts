import type { MarkdownRenderer } from 'vitepress'

/** Removes the link of a heading to itself from pages of the API: they would be a quarter of these pages. */
export function removeApiPermalinks(md: MarkdownRenderer): void {
  md.core.ruler.push('remove_api_permalinks', ({ tokens, env }) => {
    if (!String(env.relativePath).startsWith('api/')) return
    for (const token of tokens) {
      const start = token.children?.findIndex((child) => child.attrGet('class') === 'header-anchor') ?? -1
      if (start >= 0) token.children?.splice(start)
    }
  })
}
