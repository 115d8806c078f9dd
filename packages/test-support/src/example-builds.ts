import { execFile } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../../..')

/** Builds a package where its sources are newer than what was built of them last, or nothing was. */
export async function ensureBuilt(name: string): Promise<void> {
  const folder = join(ROOT, 'packages', name)
  const built = await stat(join(folder, 'dist/index.d.ts')).catch(() => undefined)
  const isCurrent = built !== undefined && built.mtimeMs > (await newestChange(join(folder, 'src')))
  if (!isCurrent) await run(join(ROOT, 'node_modules/.bin/tsup'), [], { cwd: folder })
}

/** `next build` as a build machine runs it: without the settings that only the running application has. */
export async function nextBuild(folder: string): Promise<string> {
  const { KINDE_ISSUER_URL: _, ...env } = process.env
  const { stdout } = await run(join(folder, 'node_modules/.bin/next'), ['build'], {
    cwd: folder,
    env: { ...env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
  })
  return stdout
}

async function newestChange(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true })
  const changes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).mtimeMs))
  return Math.max(...changes)
}
