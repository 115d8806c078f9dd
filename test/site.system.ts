import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { chromiumBinary, openBrowser } from '@kinde-billing/test-support/chromium'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildSite, listBuilt, listPages, readBuilt, serveSite, weigh } from './site/built-site.js'

const BASE = '/kinde-billing/'
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const PAGES = listPages()
const BUILD_MS = 900_000

/** Words that users type, word parts and misspellings among them, and the page that answers it. */
const WORDS = [
  ['webhook not working', 'guides/webhook-stopped'],
  ['signature', 'errors'],
  ['localhost', 'tunnel'],
  ['401', 'errors'],
  ['express', 'express'],
  ['docker', 'deploy/docker'],
  ['upgrade plan', 'guides/plans'],
  ['failed payment', 'guides/dunning'],
  ['ngrok', 'tunnel'],
  ['idempotency', 'inboxes'],
  ['cancel', 'events'],
  ['duplicate', 'errors'],
  ['seat', 'guides/teams'],
  ['meter', 'guides/usage'],
  ['erasure', 'guides/personal-data'],
  ['backfill', 'sync'],
  ['prisma', 'transactions'],
  ['lambda', 'lambda'],
  ['cloudflare', 'workers'],
  ['test locally', 'tunnel'],
  ['postgress', 'inbox-postgres'],
  ['webook', 'webhooks'],
  ['nextjs', 'next'],
  ['outage', 'guides/outage'],
  ['idempot', 'inboxes'],
  ['unsubscribe', 'events'],
  ['trial', 'state-facts'],
  ['pricing', 'guides/plans'],
  ['405', 'errors'],
  ['rate limit', 'management'],
  ['402', 'guides/access'],
  ['PGlite', 'inbox-postgres'],
  ['tarball', 'quick-start'],
  ['SIGTERM', 'guides/queue'],
  ['webhook not received', 'guides/webhook-stopped'],
  ['graceful shutdown', 'guides/queue'],
] as const

const toPath = (page: string): string => page.replace(/(^|\/)index$/, '$1')

describe('the site', () => {
  let site: Awaited<ReturnType<typeof serveSite>>
  let browser: Browser | undefined
  beforeAll(async () => {
    // fails on a dead link to a page
    await buildSite(`https://example.github.io${BASE}`)
    site = await serveSite(BASE)
    if (chromiumBinary !== undefined) browser = await openBrowser()
  }, BUILD_MS)
  afterAll(async () => {
    await browser?.close()
    await site.close()
  })

  it('has every page as HTML and as Markdown', () => {
    const built = new Set(listBuilt())
    for (const page of PAGES)
      expect([page, built.has(`${page}.html`), built.has(`${page.replace(/\/index$/, '')}.md`)]).toEqual([
        page,
        true,
        true,
      ])
  })

  it('has every page in the sidebar of its group, which is open there', () => {
    const missing = PAGES.filter((page) => !/(^|\/)index$/.test(page)).filter(
      (page) =>
        !/<aside class="VPSidebar.*?<\/aside>/s.exec(readBuilt(`${page}.html`))?.[0].includes(`href="${BASE}${page}"`),
    )
    expect(missing).toEqual([])
  })

  it('leads to every group from each page', () => {
    const sidebar = /<aside class="VPSidebar.*?<\/aside>/s.exec(readBuilt('events.html'))?.[0] ?? ''
    for (const group of [
      'Start',
      'Guides',
      'Platforms',
      'Hosting',
      'Going live',
      'Operating',
      'Reference',
      'API',
      'Comparison',
    ])
      expect(sidebar).toContain(`>${group}<`)
  })

  it('has a page and an anchor for every link, from the API too', () => {
    const pages = listBuilt().filter((name) => name.endsWith('.html'))
    const ids = new Map(pages.map((name) => [name, new Set(findAll(readBuilt(name), /\bid="([^"]+)"/g))]))
    const links = pages.flatMap((from) =>
      findAll(readBuilt(from), /<a [^>]*?\bhref="([^"]+)"/g).map((href) => {
        const url = new URL(
          href.replaceAll('&amp;', '&'),
          `${site.origin}${BASE}${from.replace(/(index)?\.html$/, '')}`,
        )
        return { from, href, url, page: url.pathname.slice(BASE.length) }
      }),
    )
    const own = links.filter(({ url }) => url.origin === site.origin)
    expect(own.length).toBeGreaterThan(1000)
    const broken = own.filter(({ url, page }) => {
      const name = [page, `${page}.html`, join(page, 'index.html')].find((file) => ids.has(file))
      const anchor = decodeURIComponent(url.hash.slice(1))
      return name === undefined || (anchor !== '' && !ids.get(name)?.has(anchor))
    })
    expect(broken.map(({ from, href }) => `${from}: ${href}`)).toEqual([])
  })

  it('has no dead link between the pages that are served as Markdown', () => {
    const files = new Set(listBuilt())
    const broken = [...files]
      .filter((name) => name.endsWith('.md'))
      .flatMap((name) =>
        findAll(readBuilt(name).replace(/^```[\s\S]*?^```/gm, ''), /\]\((?!\w+:)([\w./-]+)(?:#[\w-]+)?\)/g)
          .filter((link) => !files.has(join(dirname(name), link)))
          .map((link) => `${name}: ${link}`),
      )
    expect(broken).toEqual([])
  })

  it('tells programs what to read', () => {
    const list = readBuilt('llms.txt')
    const full = readBuilt('llms-full.txt')
    for (const page of PAGES.filter((name) => !/(^|\/)index$/.test(name))) {
      expect(list).toContain(`https://example.github.io${BASE}${page}.md`)
      expect(full).toContain(`${page}.md`)
    }
    // included samples are there too
    expect(readBuilt('quick-start.md')).toContain("import { kindeBilling } from '@kinde-billing/node'")
    // the labels of tabs as they are written
    for (const name of ['quick-start.md', 'llms-full.txt']) expect(readBuilt(name)).toContain('```sh [Fastify]\n')
  })

  // each file by itself, as GitHub Pages compresses it: pages, scripts, styles, the search, the API reference, and the same
  // text once more as Markdown and in llms-full.txt
  it('weighs less than 1 MB, with everything but pictures', () => {
    const files = listBuilt().filter((name) => !/\.(png|jpg|webp)$/.test(name))
    expect(weigh(files)).toBeLessThan(1_000_000)
    const loaded = files.filter((name) => !/\.(md|txt)$/.test(name))
    expect(loaded.reduce((sum, name) => sum + readBuilt(name).length, 0)).toBeLessThan(2_750_000)
  })

  describe.runIf(hasChromium())('in Chromium', () => {
    async function newContext(options: BrowserContextOptions = {}): Promise<BrowserContext> {
      if (browser === undefined) throw new Error('Chromium has not started.')
      return browser.newContext(options)
    }

    async function visit(context: BrowserContext, path: string): Promise<{ page: Page; complaints: string[] }> {
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      page.on(
        'response',
        (response) => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`),
      )
      await page.goto(`${site.origin}${BASE}${path}`)
      await page.locator('.VPNav').waitFor()
      return { page, complaints }
    }

    describe.each([
      { look: 'on a phone, light', viewport: { width: 360, height: 740 }, colorScheme: 'light' as const },
      { look: 'on a wide screen, dark', viewport: { width: 1280, height: 900 }, colorScheme: 'dark' as const },
    ])('$look', ({ viewport, colorScheme }) => {
      let context: BrowserContext
      beforeAll(async () => {
        context = await newContext({ viewport, colorScheme, reducedMotion: 'reduce' })
      })
      afterAll(() => context.close())

      it.each([...PAGES, 'api/@kinde-billing/postgres'])(
        '%s has no error, no sideways scroll and no axe violation',
        async (name) => {
          const { page, complaints } = await visit(context, toPath(name))
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
          await page.addScriptTag({ path: AXE })
          const violations = await page.evaluate(async () => {
            const { axe } = window as unknown as {
              axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
            }
            const { violations } = await axe.run()
            return violations.map(
              ({ id, nodes }) =>
                `${id}: ${nodes
                  .slice(0, 3)
                  .map(({ html }) => html.slice(0, 160))
                  .join(' | ')}`,
            )
          })
          await page.close()
          expect({ complaints, overflow: Math.max(0, overflow), violations }).toEqual({
            complaints: [],
            overflow: 0,
            violations: [],
          })
        },
      )
    })

    it.each([
      { query: 'retry', page: 'how-it-works' },
      { query: 'timeout', page: 'errors' },
      { query: 'raw body', page: 'raw-bodies' },
      { query: 'locked out', page: 'guides/locked-out' },
      { query: 'replay', page: 'guides/failed-events' },
      { query: 'GDPR', page: 'guides/personal-data' },
      { query: 'Vercel', page: 'deploy/vercel' },
      { query: 'Jest', page: 'guides/testing' },
      { query: 'secret', page: 'how-it-works' },
      { query: 'json_body_parser', page: 'doctor' },
    ])('finds $query on $page first', async ({ query, page: expected }) => {
      const context = await newContext()
      const { page } = await visit(context, 'events')
      await page.getByRole('button', { name: 'Search' }).first().click()
      await page.locator('.search-input').fill(query)
      const first = page.locator('.results .result').first()
      await first.waitFor()
      const found = new URL((await first.getAttribute('href')) ?? '', site.origin).pathname
      await context.close()
      expect(found).toBe(`${BASE}${expected}`)
    })

    // neighbours in the list have different pages, so that an old list of results is not taken for a new one
    it('finds the page for what else users type, first or second', async () => {
      const context = await newContext()
      const { page } = await visit(context, 'events')
      await page.getByRole('button', { name: 'Search' }).first().click()
      const readPages = async (): Promise<string[]> => {
        const links = await page
          .locator('.results .result')
          .evaluateAll((results) => results.map((result) => result.getAttribute('href') ?? ''))
        return [...new Set(links.map((link) => new URL(link, site.origin).pathname.slice(BASE.length)))].slice(0, 2)
      }
      for (const [query, expected] of WORDS) {
        await page.locator('.search-input').fill(query)
        await expect.poll(readPages, { message: query, timeout: 20_000 }).toContain(expected)
      }
      await context.close()
    })

    it('loads the next page by a link, by the search and by going back, without an error', async () => {
      const context = await newContext()
      const { page, complaints } = await visit(context, 'quick-start')
      const heading = page.locator('.vp-doc h1')
      await page.locator('.VPDocFooter .next').click()
      await page.waitForURL(`**${BASE}how-it-works`)
      await page.locator('.VPDocAsideOutline a, .vp-doc h2 a').first().click()
      await page.goBack()
      await page.goBack()
      await page.waitForURL(`**${BASE}quick-start`)
      expect(await heading.textContent()).toContain('Quick start')
      await page.getByRole('button', { name: 'Search' }).first().click()
      await page.locator('.search-input').fill('GDPR')
      await page.locator('.results .result').first().waitFor()
      await page.keyboard.press('Enter')
      await page.waitForURL(`**${BASE}guides/personal-data**`)
      expect(complaints).toEqual([])
      await context.close()
    })

    it('remembers the framework that a reader chooses, on every page and after a reload', async () => {
      const context = await newContext()
      const { page } = await visit(context, 'quick-start')
      const shown = () => page.locator('.vp-code-group .blocks > .active').allTextContents()
      await page
        .locator('.vp-code-group .tabs label', { hasText: /^Hono$/ })
        .first()
        .click()
      await expect.poll(async () => (await shown()).every((text) => /hono/i.test(text))).toBe(true)
      await page.goto(`${site.origin}${BASE}`)
      await expect.poll(async () => (await shown())[0]).toContain('@kinde-billing/hono')
      await context.close()
    })
  })
})

function findAll(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = '']) => found)
}

function hasChromium(): boolean {
  if (chromiumBinary !== undefined) return true
  if (process.env.CI) throw new Error('Chromium is not installed. Run .ci/install-services to install it.')
  console.warn('Chromium is not installed: the pages are not opened. Run .ci/install-services to install it.')
  return false
}
