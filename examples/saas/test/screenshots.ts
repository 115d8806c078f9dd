/** Takes the README's screenshots again: `pnpm --filter @kinde-billing/example-saas screenshots`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { openBrowser, playScenario } from './browser.js'
import { toIndexedPng } from './indexed-png.js'
import { startServer } from './server.js'

const PICTURES = join(import.meta.dirname, '../screenshots')

const folder = await mkdtemp(join(tmpdir(), 'saas-'))
const [browser, server] = await Promise.all([
  openBrowser(),
  startServer({ DATA_FOLDER: join(folder, 'data/postgres'), PORT: '4400' }),
])

async function open(width: number, height: number, colorScheme: 'light' | 'dark'): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' })
  await page.goto(server.url)
  await page.locator('#customers li').nth(2).waitFor()
  await page.getByText(/^11 reports/).waitFor()
  return page
}

async function take(page: Page, name: string): Promise<void> {
  await page.locator('#played').evaluate((element) => element.replaceChildren())
  await page.evaluate(() => scrollTo(0, 0))
  await page.mouse.move(0, 0)
  const picture = await page.screenshot({ animations: 'disabled' })
  await writeFile(join(PICTURES, `${name}.png`), toIndexedPng(picture))
  await page.close()
}

const desk = await open(1440, 1000, 'light')
await playScenario(desk, 'Late')
await playScenario(desk, 'Duplicate')
await playScenario(desk, 'Forged')
await desk.locator('#deliveries .refused').nth(2).waitFor()
await take(desk, 'desk')

const dark = await open(1440, 1000, 'dark')
await dark.getByRole('link', { name: /^alan/ }).click()
await dark.getByRole('heading', { level: 2, name: /^alan/ }).waitFor()
await take(dark, 'desk-dark')

await take(await open(390, 844, 'light'), 'phone')

await browser.close()
await server.stop('SIGTERM')
await rm(folder, { recursive: true })
