import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONSUMER, NEXT_CONSUMER } from './packages/consumer.js'
import { entryPoints, filesOf, PUBLISHED, packAll, pnpm, ROOT, readFrom, run } from './packages/tarballs.js'

const COMPILERS = ['5.9', '6.0'] as const

let folder: string
let tarballs: Record<string, string>
const tarball = (name: string): string => tarballs[name] ?? ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinde-billing-packages-'))
  tarballs = await packAll(join(folder, 'tarballs'))
}, 300_000)

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

  it('carries no dependency but jose, whose license it holds', async () => {
    const files = await filesOf(tarball(name))
    const maps = files.filter((file) => /^dist\/.*\.map$/.test(file))
    const sources = (await Promise.all(maps.map((map) => sourcesOf(tarball(name), map)))).flat()
    const carried = new Set(sources.flatMap((source) => /.*node_modules\/([^/]+)/.exec(source)?.[1] ?? []))
    expect([...carried].filter((dependency) => dependency !== 'jose')).toEqual([])
    if (carried.size === 0) return
    const license = await readFile(join(ROOT, 'node_modules/jose/LICENSE.md'), 'utf8')
    expect(await readFrom(tarball(name), 'THIRD-PARTY-LICENSES.md')).toContain(license.trim())
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
    project = await emptyProject('core-alone', {})
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball('core')], { cwd: project })
  })

  it('is imported', async () => {
    const code =
      "const { BILLING_EVENT_TYPES } = await import('@kinde-billing/core'); console.log(BILLING_EVENT_TYPES.length)"
    expect((await run('node', ['--input-type=module', '-e', code], { cwd: project })).stdout).toBe('8\n')
  })

  it('is required', async () => {
    const code =
      "console.log(require('@kinde-billing/core').BILLING_EVENT_TYPES.length, typeof require('@kinde-billing/core/receiver').createBillingReceiver)"
    expect((await run('node', ['-e', code], { cwd: project })).stdout).toBe('8 function\n')
  })
})

describe('all packages, installed into an empty project', () => {
  let project: string

  beforeAll(async () => {
    project = await emptyProject('all', dependencies())
    const overrides = PUBLISHED.map((name) => `  '@kinde-billing/${name}': file:${tarball(name)}`)
    const builds = ['esbuild', 'sharp'].map((name) => `  ${name}: false`)
    await writeFile(
      join(project, 'pnpm-workspace.yaml'),
      ['overrides:', ...overrides, 'allowBuilds:', ...builds].join('\n'),
    )
    await pnpm(['install', '--prefer-offline'], project)
    for (const extension of ['mts', 'cts', 'ts']) {
      await writeFile(join(project, `consumer.${extension}`), CONSUMER)
      await writeFile(join(project, `route.${extension}`), NEXT_CONSUMER)
    }
  })

  const compile = async (version: string, files: readonly string[], options: readonly string[]): Promise<string[]> => {
    const tsc = join(project, `node_modules/typescript-${version}/bin/tsc`)
    const common = ['--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--types', 'node']
    const output = await run('node', [tsc, ...common, ...options, ...files], {
      cwd: project,
      maxBuffer: 16 * 1024 * 1024,
    }).then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout,
    )
    return output.split('\n').filter((line) => line.includes('error TS'))
  }
  const NODENEXT = ['--module', 'nodenext']
  const BUNDLER = ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit']

  it.each(COMPILERS)('compile with TypeScript %s, from ESM and CommonJS, and run', async (version) => {
    const files = ['consumer.mts', 'consumer.cts']
    expect(await compile(version, files, [...NODENEXT, '--outDir', `out-${version}`])).toEqual([])
    for (const built of ['consumer.mjs', 'consumer.cjs']) {
      const { stdout } = await run('node', [join(`out-${version}`, built)], { cwd: project })
      expect(stdout).toBe('works active true true function\n')
    }
  })

  it.each(COMPILERS)('compile with TypeScript %s for a bundler', async (version) => {
    expect(await compile(version, ['consumer.ts'], BUNDLER)).toEqual([])
  })

  // Next's own declarations do not pass a full check: only ours, and the application's, are looked at
  it.each(COMPILERS)('are a Next route for TypeScript %s', async (version) => {
    const ours = (errors: string[]): string[] => errors.filter((line) => /^route|@kinde-billing/.test(line))
    expect(ours(await compile(version, ['route.mts', 'route.cts'], [...NODENEXT, '--noEmit']))).toEqual([])
    expect(ours(await compile(version, ['route.ts'], BUNDLER))).toEqual([])
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

async function emptyProject(name: string, dependencies: Record<string, string>): Promise<string> {
  const project = await mkdtemp(join(folder, `${name}-`))
  await writeFile(join(project, 'package.json'), JSON.stringify({ name, private: true, dependencies }))
  return project
}

/** The frameworks in the versions that this workspace has, so that they are at hand already. */
function dependencies(): Record<string, string> {
  return {
    ...Object.fromEntries(PUBLISHED.map((name) => [`@kinde-billing/${name}`, `file:${tarball(name)}`])),
    fastify: '5.12.8',
    hono: '4.13.19',
    next: '16.4.6',
    react: '19.3.1',
    'react-dom': '19.3.1',
    pg: '8.23.1',
    redis: '6.3.1',
    '@types/node': '20.19.43',
    '@types/pg': '8.23.1',
    'typescript-5.9': 'npm:typescript@5.9.3',
    'typescript-6.0': 'npm:typescript@6.0.3',
  }
}
