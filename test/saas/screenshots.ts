/** Takes the pictures of the READMEs again: `npx tsx --conditions=@kinde-billing/source test/saas/screenshots.ts`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBrowser } from '@kinde-billing/test-support/chromium'
import { startServer } from './server.js'

const PICTURES = join(import.meta.dirname, '../../examples/saas/screenshots')

const folder = await mkdtemp(join(tmpdir(), 'saas-'))
const [browser, server] = await Promise.all([
  openBrowser(),
  startServer({ DATA_FOLDER: join(folder, 'data/postgres'), PORT: '4400' }),
])

async function take(
  name: string,
  path: string,
  { width, height, dark = false }: { width: number; height: number; dark?: boolean },
): Promise<void> {
  const colorScheme = dark ? 'dark' : 'light'
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' })
  await page.goto(`${server.url}${path}`)
  if (path.startsWith('/billing')) await page.getByText('Live', { exact: true }).waitFor()
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled' })
  await page.close()
}

const page = await browser.newPage()
await page.goto(server.url)
for (const button of ['Break the handler', 'Sign up a new customer', 'Repair the handler'])
  await page.getByRole('button', { name: button }).click()
await page.getByRole('link', { name: /^customer_alan/ }).click()
await page.getByRole('link', { name: 'Why?' }).click()
const customer = new URL(page.url()).pathname
await page.close()

const DESK = { width: 1200, height: 760 }
await take('deliveries', '/billing/deliveries', DESK)
await take('customer', customer, DESK)
await take('customer-dark', customer, { ...DESK, dark: true })
await take('phone', customer, { width: 390, height: 760 })
await take('application', '/', { width: 1000, height: 640 })

await browser.close()
await server.stop('SIGTERM')
await rm(folder, { recursive: true })
