import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** Builds and packs once, for all files of the suite. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'kinde-billing-platforms-'))
  provide('folder', folder)
  provide('tarballs', await packAll(join(folder, 'tarballs')))
  return () => rm(folder, { recursive: true, force: true })
}
