import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONSUMER, NEXT_CONSUMER } from './packages/consumer.js'
import { CONSUMER_OUTPUT, compile, emptyProject, FRAMEWORKS, npmInstall, packed } from './packages/project.js'
import { entryPoints, filesOf, PUBLISHED, packAll, ROOT, readFrom, run } from './packages/tarballs.js'

/** The dependencies that the CommonJS builds carry, as `ESM_ONLY` in tsup.base.ts has them. */
const ESM_ONLY_LICENSES: Record<string, string> = {
  jose: 'node_modules/jose/LICENSE.md',
  ky: 'packages/management/node_modules/ky/license',
  oauth4webapi: 'packages/management/node_modules/oauth4webapi/LICENSE.md',
}

let folder: string
let tarballs: Record<string, string>
const tarball = (name: string): string => tarballs[name] ?? ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinde-billing-packages-'))
  tarballs = await packAll(join(folder, 'tarballs'))
}, 1_200_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(PUBLISHED)('the tarball of %s', (name) => {
  it('holds what users need, and nothing of the tests', async () => {
    const files = await filesOf(tarball(name))
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE']))
    expect(
      files.filter((file) => /\.test\.|\.test-d\.|\.system\.|__tests__|(^|\/)test\/|tsconfig|tsup/.test(file)),
    ).toEqual([])
    // every built file has its map, and every map's sources are there
    for (const file of files.filter((one) => /^dist\/.*\.c?js$/.test(one))) {
      expect(files).toContain(`${file}.map`)
      const own = (await sourcesOf(tarball(name), `${file}.map`)).filter((source) => !source.includes('node_modules/'))
      for (const source of own) expect(files).toContain(join(file, '..', source))
    }
  })

  it('has a manifest that stands alone', async () => {
    const text = await readFrom(tarball(name), 'package.json')
    expect(text).not.toMatch(/workspace:|@kinde-billing\/source/)
    const manifest = JSON.parse(text)
    expect(manifest).toMatchObject({
      version: '0.1.0',
      license: 'MIT',
      sideEffects: false,
      engines: { node: '>=20.19' },
    })
    expect(manifest.repository.directory).toBe(`packages/${name}`)
    expect(manifest.keywords).toEqual(expect.arrayContaining(['kinde', 'billing', 'webhooks']))
  })

  it('carries only dependencies that CommonJS cannot require, and holds their licenses', async () => {
    const files = await filesOf(tarball(name))
    const maps = files.filter((file) => /^dist\/.*\.map$/.test(file))
    const sources = (await Promise.all(maps.map((map) => sourcesOf(tarball(name), map)))).flat()
    const carried = new Set(sources.flatMap((source) => /.*node_modules\/([^/]+)/.exec(source)?.[1] ?? []))
    for (const dependency of carried) {
      const license = await readFile(
        join(ROOT, ESM_ONLY_LICENSES[dependency] ?? `unexpected dependency ${dependency}`),
        'utf8',
      )
      expect(await readFrom(tarball(name), 'THIRD-PARTY-LICENSES.md')).toContain(license.trim())
    }
  })

  it('satisfies publint, and attw where there are types', async () => {
    const bin = join(ROOT, 'node_modules/.bin')
    await run(join(bin, 'publint'), [tarball(name), '--strict'])
    if (name !== 'cli') await run(join(bin, 'attw'), [tarball(name), '--profile', 'strict'])
  })
})

describe('core alone, installed by npm into an empty project', () => {
  let project: string

  beforeAll(async () => {
    project = await emptyProject(folder, 'core-alone', { '@kinde-billing/core': `file:${tarball('core')}` })
    await npmInstall(project)
  })

  it('is imported', async () => {
    const code =
      "const { isBillingEventType } = await import('@kinde-billing/core'); console.log(isBillingEventType('customer.plan_changed'))"
    expect((await run('node', ['--input-type=module', '-e', code], { cwd: project })).stdout).toBe('true\n')
  })

  it('is required', async () => {
    const code =
      "console.log(typeof require('@kinde-billing/core').verifyAndParse, typeof require('@kinde-billing/core/receiver').createBillingReceiver)"
    expect((await run('node', ['-e', code], { cwd: project })).stdout).toBe('function function\n')
  })
})

// more compilers, versions of Node, installers and test runners: `pnpm test:platforms`
describe('all packages, installed into an empty project', () => {
  let project: string

  beforeAll(async () => {
    const compiler = { 'typescript-6.0': 'npm:typescript@6.0.3' }
    project = await emptyProject(folder, 'all', { ...packed(tarballs), ...FRAMEWORKS, ...compiler })
    await npmInstall(project)
    for (const extension of ['mts', 'cts', 'ts']) {
      await writeFile(join(project, `consumer.${extension}`), CONSUMER)
      await writeFile(join(project, `route.${extension}`), NEXT_CONSUMER)
    }
  })

  const FULL_CHECK = ['--skipLibCheck', 'false']
  const NODENEXT = ['--module', 'nodenext']
  const BUNDLER = ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit']

  it('compile from ESM and CommonJS, and run', async () => {
    const files = ['consumer.mts', 'consumer.cts', '--outDir', 'out']
    expect(await compile(project, '6.0', [...FULL_CHECK, ...NODENEXT, ...files])).toEqual([])
    for (const built of ['consumer.mjs', 'consumer.cjs']) {
      const { stdout } = await run('node', ['--no-experimental-require-module', join('out', built)], { cwd: project })
      expect(stdout).toBe(CONSUMER_OUTPUT)
    }
  })

  // Next's own declarations do not pass a full check: only ours, and the application's, are looked at
  it('are a Next route', async () => {
    const ours = (errors: string[]): string[] => errors.filter((line) => /^route|@kinde-billing/.test(line))
    const nodenext = [...FULL_CHECK, ...NODENEXT, '--noEmit', 'route.mts', 'route.cts']
    expect(ours(await compile(project, '6.0', nodenext))).toEqual([])
    expect(ours(await compile(project, '6.0', [...FULL_CHECK, ...BUNDLER, 'route.ts']))).toEqual([])
  })

  // as Lambda and Vercel run Node 20 and 22
  it.each(PUBLISHED.flatMap(entryPoints))('are required where ESM cannot be: %s', async (entry) => {
    const code = `console.log(Object.keys(require('${entry}')).length > 0)`
    const { stdout } = await run('node', ['--no-experimental-require-module', '-e', code], { cwd: project })
    expect(stdout).toBe('true\n')
  })

  it('bring the command', async () => {
    const { stdout } = await run(join(project, 'node_modules/.bin/kinde-billing'), ['--version'], { cwd: project })
    expect(stdout.trim()).toBe('0.1.0')
  })
})

async function sourcesOf(archive: string, map: string): Promise<string[]> {
  return JSON.parse(await readFrom(archive, map)).sources
}
