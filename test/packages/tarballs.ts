import { type ExecFileOptions, execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * Runs a program. Without the NODE_PATH that pnpm sets for its own scripts: through it, a project elsewhere finds this
 * workspace's packages, and no dependency would ever be missing.
 */
export const run = (file: string, args: readonly string[], options: ExecFileOptions = {}): Promise<Output> =>
  promisify(execFile)(file, args, {
    ...options,
    encoding: 'utf8',
    env: { ...(options.env ?? process.env), NODE_PATH: undefined },
  })

interface Output {
  readonly stdout: string
  readonly stderr: string
}

export const ROOT = join(import.meta.dirname, '../..')

/** The packages that are published, by the name of their folder. */
export const PUBLISHED: readonly string[] = readdirSync(join(ROOT, 'packages')).filter((folder) => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', folder, 'package.json'), 'utf8'))
  return manifest.private !== true
})

export const pnpm = (args: readonly string[], cwd: string): Promise<{ stdout: string }> =>
  run('npx', ['-y', 'pnpm@12.21.0', ...args], { cwd, maxBuffer: 16 * 1024 * 1024 })

/** What a package can be imported and required as, such as `@kinde-billing/core/receiver`. The command has no entry. */
export function entryPoints(name: string): string[] {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8'))
  const { exports }: { exports: Record<string, { require?: unknown }> } = manifest.publishConfig
  return Object.entries(exports)
    .filter(([, conditions]) => conditions.require !== undefined)
    .map(([path]) => `@kinde-billing/${name}${path.slice(1)}`)
}

/** Builds all, and packs each package into `folder`. Resolves to the tarballs, by the name of the package's folder. */
export async function packAll(folder: string): Promise<Record<string, string>> {
  await pnpm(['build'], ROOT)
  const tarballs: Record<string, string> = {}
  for (const name of PUBLISHED) {
    const destination = join(folder, name)
    await mkdir(destination, { recursive: true })
    await pnpm(['pack', '--pack-destination', destination], join(ROOT, 'packages', name))
    const [tarball] = await readdir(destination)
    if (tarball !== undefined) tarballs[name] = join(destination, tarball)
  }
  return tarballs
}

export async function filesOf(tarball: string): Promise<string[]> {
  const { stdout } = await run('tar', ['-tzf', tarball])
  return stdout
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''))
}

export async function readFrom(tarball: string, path: string): Promise<string> {
  return (await run('tar', ['-xzOf', tarball, `package/${path}`], { maxBuffer: 16 * 1024 * 1024 })).stdout
}
