import type { DefaultTheme } from 'vitepress'

type MiniSearchOptions = NonNullable<DefaultTheme.LocalSearchOptions['miniSearch']>
type Render = NonNullable<DefaultTheme.LocalSearchOptions['_render']>

/** The one place for how the search reads and ranks. The same options index the pages and answer in the browser. */
export const searchOptions = {
  options: {
    // words that are on every page find nothing, and would be a fifth of the index
    processTerm: (term: string) =>
      /^(a|an|and|are|as|at|be|by|for|from|has|if|in|is|it|its|of|on|or|that|the|them|then|this|to|was|which|with|you|your|not)$/i.test(
        term,
      )
        ? null
        : term.toLowerCase(),
  },
  searchOptions: {
    boost: { title: 5, titles: 2, text: 1 },
    fuzzy: 0.2,
    prefix: true,
    boostDocument: rank,
  },
} satisfies MiniSearchOptions

/** Someone who searches wants the page about a word: before a section that has it, before a list of codes, and the API last. */
function rank(id: string, _term: string, stored?: Record<string, unknown>): number {
  if (id.includes('/api/')) return 0.2
  if (Array.isArray(stored?.titles) && stored.titles.length === 0) return 2
  return id.includes('/doctor#') ? 0.4 : 1
}

/**
 * Renders a page for the index. The `keywords` of its front matter, the words that readers search for, are the first text
 * under its title. Code is not indexed, and of the API only names are: they would be most of the index.
 */
export const renderForIndex: Render = (source, env, md) => {
  const html = md.render(source, env).replace(/<pre[\s\S]*?<\/pre>/g, '')
  if (env.relativePath.startsWith('api/')) return (html.match(/<h([12])[\s\S]*?<\/h\1>/g) ?? []).join('\n')
  const { keywords } = env.frontmatter ?? {}
  if (keywords === undefined) return html
  return html.replace(/<\/h1>/, `</h1>\n<p>${keywords}</p>\n`)
}
