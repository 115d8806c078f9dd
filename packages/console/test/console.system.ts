import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { PGlite } from '@electric-sql/pglite'
import { getRequestListener } from '@hono/node-server'
import { createConsole } from '@kinde-billing/console'
import type { RedeliveryReceiver } from '@kinde-billing/postgres'
import { chromiumBinary, openBrowser } from '@kinde-billing/test-support/chromium'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { keyOf, seed } from './seed.js'

const CUSTOMERS = 500
const DELIVERIES = 100_000
const LONG = 'endless'.repeat(60)

const PAGES: readonly (readonly [string, string])[] = [
  ['health', ''],
  ['deliveries', '/deliveries'],
  ['failed deliveries', '/deliveries?status=failed'],
  ['a failed delivery', '/deliveries/event_96007'],
  ['a handled delivery', '/deliveries/event_99000'],
  ['customers', '/customers'],
  ['no customer', '/customers?q=nothing'],
  ['a customer', `/customers/${keyOf(1)}`],
  ['activity', '/activity'],
  ['not found', '/nothing'],
]

/** A test without Chromium is skipped with one line; with `CI` set that is an error. */
function hasChromium(): boolean {
  if (chromiumBinary !== undefined) return true
  if (process.env.CI) throw new Error('chromium is not installed')
  console.warn('chromium is not installed: the tests of the console in a browser are skipped.')
  return false
}

describe.runIf(hasChromium())('the console in Chromium', () => {
  let browser: Browser
  let pglite: PGlite
  let server: Server
  let url: string
  let complaints: string[] = []
  const runs: string[] = []

  const receiver: RedeliveryReceiver<unknown> = {
    name: 'billing',
    async redeliver({ event_id }) {
      runs.push(String(event_id))
      await pglite.query('update kinde_billing_deliveries set done_at = now(), claims = null where event_id = $1', [
        event_id,
      ])
      return { outcome: 'processed' }
    },
  }

  function start(port = 0): Promise<void> {
    const handle = createConsole({ pool: pglite, basePath: '/billing', receiver, authorize: () => ({ name: 'ada' }) })
    server = createServer(getRequestListener(handle))
    return new Promise((resolve) => {
      server.listen(port, '127.0.0.1', () => {
        const address = server.address()
        if (typeof address === 'object' && address !== null) url = `http://127.0.0.1:${address.port}/billing`
        resolve()
      })
    })
  }
  function stop(): Promise<void> {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  }

  beforeAll(async () => {
    pglite = await PGlite.create()
    await seed(pglite, { customers: CUSTOMERS, deliveries: DELIVERIES })
    // One customer whose names go on and on.
    await pglite.query('update kinde_billing_states set plan_code = $1, org_code = $1 where key = $2', [LONG, keyOf(0)])
    await start()
    browser = await openBrowser()
  }, 240_000)
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    expect(complaints).toEqual([])
  })
  afterAll(async () => {
    await browser.close()
    await stop()
    await pglite.close()
  })

  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    complaints = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      const isOurs = message.type() === 'error' && !message.text().includes('status of 404')
      if (isOurs) complaints.push(message.text())
    })
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) complaints.push(`a request to ${request.url()}`)
    })
    await page.goto(`${url}${path}`)
    return page
  }

  const isLive = (page: Page) => page.getByText('Live', { exact: true }).waitFor()

  describe.each([320, 360, 1280, 1600])('at %i pixels', { timeout: 300_000 }, (width) => {
    it.each(['light', 'dark'] as const)('every page fits and passes axe in the %s scheme', async (colorScheme) => {
      const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
      for (const [name, path] of PAGES) {
        const page = await open(path, {
          viewport: { width, height: 800 },
          colorScheme,
          reducedMotion: 'reduce',
          bypassCSP: true,
        })
        await page.locator('details').evaluateAll((all) => {
          for (const details of all.slice(0, 5)) details.setAttribute('open', '')
        })
        expect([name, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([name, width])
        await page.evaluate(axe)
        const violations = await page.evaluate(async () => {
          const { violations: found } = await Reflect.get(globalThis, 'axe').run()
          return found.map((one: { id: string; nodes: { html: string }[] }) => `${one.id}: ${one.nodes[0]?.html}`)
        })
        expect([name, violations]).toEqual([name, []])
        await page.context().close()
      }
    })
  })

  it('is used by the keyboard alone', async () => {
    const page = await open('/deliveries')
    await isLive(page)
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    await page.keyboard.press('j')
    expect(
      await page
        .locator('[data-row]')
        .nth(1)
        .evaluate((row) => row === document.activeElement),
    ).toBe(true)
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Open delivery' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Open delivery' }).waitFor({ state: 'hidden' })
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.keyboard.press('/')
    await page.keyboard.type(`${keyOf(499).slice(9)}\n`)
    await page.getByText('1 found').waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: keyOf(499).slice(9) }).waitFor()
    await page.keyboard.press('c')
    await page.getByRole('heading', { level: 1, name: 'Customers' }).waitFor()
  })

  it('keeps two windows in agreement, and an open row open', async () => {
    const [one, other] = [await open('/deliveries'), await open('', { viewport: { width: 360, height: 740 } })]
    await Promise.all([isLive(one), isLive(other)])
    await one.locator('summary').nth(1).click()
    await pglite.exec(`insert into kinde_billing_deliveries (key, event_id, type, occurred_at, done_at, expires_at)
      values ('https://acme.kinde.com billing event_now', 'event_now', 'customer.plan_changed', now(), now(), now() + interval '1 day')`)
    await one.locator('summary', { hasText: 'event_now' }).waitFor()
    await other.locator('.numbers .rel', { hasText: 'just now' }).first().waitFor()
    expect(await one.locator('details[open] > summary').count()).toBe(1)
    expect(
      await one
        .locator('summary')
        .nth(2)
        .evaluate((row) => row.parentElement?.hasAttribute('open')),
    ).toBe(true)
  })

  it('redelivers, with and without JavaScript, once', async () => {
    for (const [index, javaScriptEnabled] of [true, false].entries()) {
      const id = `event_${90_007 + index * 2000}`
      const page = await open(`/deliveries/${id}`, { javaScriptEnabled })
      await page.getByRole('button', { name: 'Redeliver' }).click()
      await page.getByText('The handler ran and succeeded.').first().waitFor()
      await page.goBack()
      expect(runs.filter((run) => run === id)).toHaveLength(1)
      await page.context().close()
    }
  })

  it('comes back by itself after a restart, with its forms', async () => {
    const page = await open('/deliveries/event_94007')
    await isLive(page)
    const { port } = new URL(url)
    await stop()
    await page.getByText('Reconnecting', { exact: true }).waitFor()
    complaints = []
    await start(Number(port))
    await page.getByText('Live', { exact: true }).waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Redeliver' }).click()
    await page.getByText('The handler ran and succeeded.').first().waitFor()
    // The browser says itself that the server was away.
    complaints = complaints.filter((text) => !/ERR_(?:CONNECTION|INCOMPLETE|EMPTY)/.test(text))
  })
})
