import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

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

/** The path of Chromium; `undefined` if it is not installed. */
export const chromiumBinary: string | undefined = ['chromium', 'chromium-browser', 'google-chrome']
  .flatMap((name) => (process.env.PATH ?? '').split(':').map((folder) => join(folder, name)))
  .find((path) => existsSync(path))

/** Starts the Chromium that is installed. */
export function openBrowser(): Promise<Browser> {
  if (chromiumBinary === undefined) throw new Error('Chromium is not installed: apt-get install chromium')
  return chromium.launch({ executablePath: chromiumBinary, args: ARGUMENTS })
}
