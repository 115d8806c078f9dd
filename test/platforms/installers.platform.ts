import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { CONSUMER_OUTPUT, consumerAs, emptyProject, FRAMEWORKS, packed } from '../packages/project.js'
import { pnpm, run } from '../packages/tarballs.js'

async function project(name: string, manifest: Record<string, unknown>): Promise<string> {
  const folder = await emptyProject(inject('folder'), name, { ...packed(inject('tarballs')), ...FRAMEWORKS }, manifest)
  await writeFile(join(folder, 'consumer.mjs'), consumerAs('esm'))
  await writeFile(join(folder, 'consumer.cjs'), consumerAs('cjs'))
  return folder
}

const overrides = (): Record<string, string> => packed(inject('tarballs'))

describe("Yarn with Plug'n'Play", () => {
  it('installs, and runs ESM and CommonJS', async () => {
    const folder = await project('yarn', { resolutions: overrides() })
    const settings = ['nodeLinker: pnp', 'enableTelemetry: false', 'enableGlobalCache: true', 'enableScripts: false']
    await writeFile(join(folder, '.yarnrc.yml'), settings.join('\n'))
    await writeFile(join(folder, 'yarn.lock'), '')
    const yarn = (...args: string[]) =>
      run('npx', ['-y', '@yarnpkg/cli-dist@4.9.4', ...args], { cwd: folder, maxBuffer: 16 * 1024 * 1024 })
    await yarn('install', '--no-immutable')
    for (const file of ['consumer.cjs', 'consumer.mjs']) expect((await yarn('node', file)).stdout).toBe(CONSUMER_OUTPUT)
  })
})

describe('pnpm', () => {
  it('installs, and runs ESM and CommonJS', async () => {
    const folder = await project('pnpm', {})
    const lines = Object.entries(overrides()).map(([name, from]) => `  '${name}': ${from}`)
    const builds = ['allowBuilds:', '  esbuild: false', '  sharp: false']
    await writeFile(join(folder, 'pnpm-workspace.yaml'), ['overrides:', ...lines, ...builds].join('\n'))
    await pnpm(['install', '--prefer-offline'], folder)
    for (const file of ['consumer.cjs', 'consumer.mjs'])
      expect((await run('node', [file], { cwd: folder })).stdout).toBe(CONSUMER_OUTPUT)
  })
})
