import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { SiteConfig } from 'vitepress'

/**
 * Removes the scripts with the content of pages, and the list of all scripts: the theme loads pages as HTML, which need the
 * small `.lean.js` only.
 */
export function removePageScripts({ outDir }: SiteConfig): void {
  const assets = join(outDir, 'assets')
  for (const name of readdirSync(assets)) if (/\.md\.[\w-]+\.js$/.test(name)) rmSync(join(assets, name))
  rmSync(join(outDir, 'hashmap.json'), { force: true })
}
