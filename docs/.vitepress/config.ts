import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import llmstxt from 'vitepress-plugin-llms'
import { codeTheme, colorByClass } from './code-theme.js'
import { linkToRepository, REPOSITORY } from './repository-links.js'
import { renderForIndex, searchOptions } from './search.js'
import { sidebar } from './sidebar.js'
import { slugify } from './slugify.js'
import { removePageScripts } from './whole-pages.js'

const title = 'Kinde Billing Webhooks'
const description =
  'Receive the billing webhooks of Kinde in TypeScript: verified, typed, once each. An unofficial community project.'

/** The address of the published site, such as `https://example.github.io/billing/`; `DOCS_URL`. Without it links start at `/`. */
const url = process.env.DOCS_URL === undefined ? undefined : new URL(process.env.DOCS_URL)
const base = url?.pathname ?? '/'

const llms = { ignoreFiles: ['api/**', 'samples/**'], excludeIndexPage: false, title, description }

export default defineConfig({
  title,
  description,
  base,
  lang: 'en',
  cleanUrls: true,
  lastUpdated: false,
  metaChunk: true,
  router: { prefetchLinks: false },
  buildEnd: removePageScripts,
  // pages of the API are generated: there is nothing to edit
  transformPageData: ({ relativePath, frontmatter }) => {
    if (relativePath.startsWith('api/')) Object.assign(frontmatter, { editLink: false, prev: false, next: false })
  },
  srcExclude: ['samples/**'],
  head: [
    ['link', { rel: 'icon', href: 'data:,' }],
    ['meta', { name: 'color-scheme', content: 'light dark' }],
  ],
  markdown: {
    theme: codeTheme,
    codeTransformers: [colorByClass],
    anchor: { slugify },
    toc: { slugify },
    config: linkToRepository,
  },
  themeConfig: {
    nav: [
      { text: 'Quick start', link: '/quick-start' },
      { text: 'Events', link: '/events' },
      { text: 'Guides', link: '/guides/' },
      { text: 'Reference', link: '/errors' },
    ],
    sidebar: sidebar(),
    outline: { level: [2, 3] },
    search: { provider: 'local', options: { _render: renderForIndex, miniSearch: searchOptions, detailedView: false } },
    editLink: { pattern: `${REPOSITORY}/edit/main/docs/:path`, text: 'Edit this page' },
    footer: {
      message: `<a href="${REPOSITORY}">On GitHub</a>, MIT licensed. An unofficial community project, not a product of Kinde.`,
    },
  },
  vite: {
    // every page as Markdown too, with llms.txt and llms-full.txt for programs that read
    // @ts-expect-error the plugin has the types of the workspace's Vite, VitePress those of its own
    plugins: [llmstxt({ ...llms, ...(url && { domain: url.origin }) })],
    publicDir: false,
    resolve: {
      alias: [{ find: /^.*\/VPSidebarGroup\.vue$/, replacement: join(import.meta.dirname, 'theme/SidebarGroups.vue') }],
    },
    build: { chunkSizeWarningLimit: 2000 },
  },
})
