import type { DefaultTheme } from 'vitepress'

type MiniSearchOptions = NonNullable<DefaultTheme.LocalSearchOptions['miniSearch']>
type Render = NonNullable<DefaultTheme.LocalSearchOptions['_render']>

/** The one place for how the search reads and ranks. The same options index the pages and answer in the browser. */
export const searchOptions = {
  options: {
    // a code is one word too: `unknown_key` is not just any key that is unknown
    tokenize: (text: string) => [
      ...text.split(/[\n\r\p{Z}\p{P}]+/u),
      ...(text.match(/[\p{L}\p{N}]+(?:_[\p{L}\p{N}]+)+/gu) ?? []),
    ],
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
    weights: { fuzzy: 0.1, prefix: 0.2 },
    prefix: true,
    boostDocument: rank,
  },
} satisfies MiniSearchOptions

/** Readers want the page about a word: before a section that has it, before a list of codes, and the API last. A code has a section. */
function rank(id: string, term: string, stored?: Record<string, unknown>): number {
  if (id.includes('/api/')) return 0.2
  if (term.includes('_') && stored?.title === term) return 1
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
