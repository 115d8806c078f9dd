import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromiumBinary, openBrowser } from '@kinde-billing/test-support/chromium'
import { freePort, startServer as startProcess } from '@kinde-billing/test-support/server-process'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type RunningServer, startServer } from './saas/server.js'

const ROOT = join(import.meta.dirname, '..')

describe.runIf(hasChromium())('examples/saas in Chromium', () => {
  let browser: Browser
  let folder: string
  let settings: Record<string, string>
  let server: RunningServer

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'saas-'))
    settings = { DATA_FOLDER: join(folder, 'data/postgres'), PORT: String(await freePort()) }
    ;[browser, server] = await Promise.all([openBrowser(), startServer(settings)])
  }, 240_000)
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
  })
  afterAll(async () => {
    await browser.close()
    await server.stop('SIGTERM')
    await rm(folder, { recursive: true })
  })

  async function open(path = '', options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage()
    await page.goto(`${server.url}${path}`)
    return page
  }
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
  const isLive = (page: Page) => page.getByText('Live', { exact: true }).waitFor()

  it('shows in the console what the buttons cause, without a reload', async () => {
    const [page, other] = [await open(), await open('/billing/customers')]
    await isLive(other)
    await press(page, 'Sign up a new customer')
    const name = (await page.locator('article > .quiet').first().textContent()) ?? ''
    await other.locator('a.row', { hasText: name }).getByText('Active').waitFor()
    await press(page, 'Card declined')
    await page.getByText('Your last payment did not go through').waitFor()
    await other.locator('a.row', { hasText: name }).getByText('Past due').waitFor()
    await other.locator('a.row', { hasText: name }).click()
    await other.getByText(/^Access, with a payment due: a payment for agreement/).waitFor()
  })

  it('runs an event that failed again from the console, once', async () => {
    const page = await open()
    await press(page, 'Break the handler')
    await press(page, 'Sign up a new customer')
    await page.getByText('500 handler_failed').waitFor()
    await press(page, 'Repair the handler')
    await page.goto(`${server.url}/billing/deliveries?status=failed`)
    await press(page, 'Redeliver all failed')
    await page.getByText('3 events marked, 3 handled.').first().waitFor()
  })

  it('loses nothing in a restart, and its windows come back by themselves', async () => {
    const page = await open('/billing/deliveries')
    await isLive(page)
    const before = await page.locator('summary .cell-main').allTextContents()
    await server.stop('SIGKILL')
    await page.getByText('Reconnecting', { exact: true }).waitFor()
    server = await startServer(settings)
    await page.getByText('Live', { exact: true }).waitFor({ timeout: 60_000 })
    expect(await page.locator('summary .cell-main').allTextContents()).toEqual(before)
  })

  it.each([360, 1280])('fits %i pixels, and passes axe in both schemes', async (width) => {
    const axe = await readFile(
      createRequire(join(ROOT, 'packages/console/package.json')).resolve('axe-core/axe.min.js'),
      'utf8',
    )
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await open('', { viewport: { width, height: 800 }, colorScheme, bypassCSP: true })
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      await page.evaluate(axe)
      expect(await page.evaluate(async () => (await Reflect.get(globalThis, 'axe').run()).violations)).toEqual([])
    }
  })

  it('is started by the script at the root, and kept from data that another process has open', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    const [tsx, ...args] = scripts.saas.split(' ')
    const start = (environment: Record<string, string>, ready: RegExp) =>
      startProcess(join(ROOT, 'node_modules/.bin', tsx), args, ready, {
        cwd: ROOT,
        env: { ...process.env, ...environment },
      })
    const DATA_FOLDER = join(folder, 'script/postgres')
    const started = await start({ DATA_FOLDER, PORT: String(await freePort()) }, /^Open http:\/\/\S+:\d+$/m)
    await started.stop('SIGTERM')
    await expect(start(settings, /^Open /m)).rejects.toThrow(/data\/postgres is in use by process \d+/)
  })
})

/** Without Chromium these tests are skipped with one line; with `CI` set that is an error. */
function hasChromium(): boolean {
  if (chromiumBinary !== undefined) return true
  const message = 'chromium is not installed: the tests of examples/saas are skipped.'
  if (process.env.CI) throw new Error(message)
  console.warn(message)
  return false
}
