import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import llmstxt from 'vitepress-plugin-llms'
import { removeApiPermalinks } from './api-permalinks.js'
import { codeTheme, colorByClass } from './code-theme.js'
import { correctMarkdownCopies } from './markdown-copies.js'
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

const components = new Map<string, string>()

/** Numbers the components. The pages and the scripts of a site are built in one process, so that both have the same ids. */
function toComponentId(path: string): string {
  const id = components.get(path) ?? components.size.toString(36)
  components.set(path, id)
  return id
}

export default defineConfig({
  title,
  description,
  base,
  lang: 'en',
  cleanUrls: true,
  lastUpdated: false,
  metaChunk: true,
  router: { prefetchLinks: false },
  buildEnd: (site) => {
    removePageScripts(site)
    correctMarkdownCopies(site)
  },
  // a hint at the search button, which the theme's style hides; icons, of which there are none; preloads of what `app.js` imports first
  transformHtml: (html) =>
    html
      .replace(/\s*<script id="check-mac-os">.*?<\/script>/s, '')
      .replace(/\s*<link rel="preload stylesheet" href="[^"]*vp-icons\.css"[^>]*>/, '')
      .replace(/\s*<link rel="modulepreload" href="[^"]*chunks\/(theme|framework)\.[^>]*>/g, ''),
  transformPageData: ({ relativePath, frontmatter }) => {
    // read while building, and not by the browser
    for (const key of ['title', 'keywords', 'description', 'sidebar', 'order']) delete frontmatter[key]
    // pages of the API are generated: there is nothing to edit
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
    anchor: { slugify, tabIndex: false },
    toc: { slugify },
    config: (md) => {
      linkToRepository(md)
      removeApiPermalinks(md)
    },
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
  },
  // every element has the id of its component: a short one is a thirtieth of the pages
  vue: { features: { componentIdGenerator: (path) => toComponentId(path) } },
  vite: {
    // every page as Markdown too, with llms.txt and llms-full.txt for programs that read
    // @ts-expect-error the plugin has the types of the workspace's Vite, VitePress those of its own
    plugins: [llmstxt({ ...llms, ...(url && { domain: url.origin }) })],
    publicDir: false,
    resolve: {
      alias: [
        { find: /^.*\/VPSidebarGroup\.vue$/, replacement: join(import.meta.dirname, 'theme/SidebarGroups.vue') },
        { find: /^.*\/VPNavBarExtra\.vue$/, replacement: join(import.meta.dirname, 'theme/no-extra-menu.ts') },
      ],
    },
    build: { chunkSizeWarningLimit: 2000 },
  },
})
