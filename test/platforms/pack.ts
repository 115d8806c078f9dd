import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import { packAll } from '../packages/tarballs.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder for the tests' projects. */
    folder: string
    /** The packed packages, by the name of their folder. */
    tarballs: Record<string, string>
  }
}

/**
 * Builds and packs once, for all files of the suite. With `PACKED=<folder>` the packed packages stay in that folder, and
 * the next run takes them from there.
 */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'kinde-billing-platforms-'))
  const kept = process.env.PACKED
  const found = kept === undefined ? {} : await findPacked(resolve(kept))
  provide('folder', folder)
  provide('tarballs', Object.keys(found).length > 0 ? found : await packAll(resolve(kept ?? join(folder, 'tarballs'))))
  return () => rm(folder, { recursive: true, force: true })
}

async function findPacked(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder).catch(() => [])
  const found = names.map(async (name): Promise<[string, string]> => {
    const [tarball = ''] = await readdir(join(folder, name))
    return [name, join(folder, name, tarball)]
  })
  return Object.fromEntries(await Promise.all(found))
}
