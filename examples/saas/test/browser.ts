import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // grey edges of letters: smaller pictures
  '--disable-lcd-text',
]

/** Where Debian's Chromium is, or undefined. */
export const chromiumBinary: string | undefined = ['chromium', 'chromium-browser', 'google-chrome']
  .flatMap((name) => (process.env.PATH ?? '').split(':').map((folder) => join(folder, name)))
  .find((path) => existsSync(path))

export function openBrowser(): Promise<Browser> {
  if (chromiumBinary === undefined) throw new Error('Chromium is not installed: apt-get install chromium')
  return chromium.launch({ executablePath: chromiumBinary, args: ARGUMENTS })
}

/** Presses the button of a scenario, and waits until it is played. */
export async function playScenario(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click()
  await played(page, name)
}

/** Waits until the page tells what was answered. */
export async function played(page: Page, name: string): Promise<void> {
  await page.locator('#played', { hasText: new RegExp(`^${name}: (?:one|\\d+) deliver(?:y|ies)`) }).waitFor()
}
