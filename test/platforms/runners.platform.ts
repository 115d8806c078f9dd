import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, inject, it } from 'vitest'
import { emptyProject, FRAMEWORKS, npmInstall, packed } from '../packages/project.js'
import { entryPoints, PUBLISHED, run } from '../packages/tarballs.js'

const ENTRIES = PUBLISHED.flatMap(entryPoints).filter((entry) => entry !== '@kinde-billing/next')

const NAMES: Record<string, string> = {
  'node:http': 'createServer',
  '@kinde-billing/node': 'kindeBilling',
  '@kinde-billing/core/receiver': 'createMemoryInbox, createWebHandler',
  '@kinde-billing/testing': 'billingEventFixture, createTestIssuer, deliver',
}
const SUITE_NAMES: Record<string, string> = {
  '@kinde-billing/testing/conformance': 'describeAdapter, listen',
  '@kinde-billing/testing/inbox-contract': 'describeInbox',
}

/** These two import Vitest, or use the globals of a CommonJS runner: Jest cannot load them as ESM. */
const SUITE_ENTRIES = Object.keys(SUITE_NAMES)

const loadAll = (entries: readonly string[]): string => `
for (const entry of ${JSON.stringify(entries)})
  test('loads ' + entry, async () => expect(Object.keys(await load(entry)).length).toBeGreaterThan(0))
`

const HANDLER = `
test('handles a delivery', async () => {
  const issuer = await createTestIssuer()
  const seen = []
  const onEvent = (event) => void seen.push(event.type)
  const handler = createWebHandler({ issuer: issuer.issuer, jwks: issuer.jwks, onEvent })
  const body = await issuer.sign(billingEventFixture('customer.plan_changed'))
  const response = await handler(new Request('http://app.example/', { method: 'POST', body }))
  expect([response.status, seen]).toEqual([200, ['customer.plan_changed']])
})
`
// not in happy-dom, whose fetch obeys the rules of cross-origin requests
const HTTP = `
test('serves a delivery over HTTP', async () => {
  const issuer = await createTestIssuer()
  const server = createServer(kindeBilling({ issuer: issuer.issuer, jwks: issuer.jwks, onEvent: () => {} }))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const token = await issuer.sign(billingEventFixture('customer.plan_changed'))
  expect((await deliver('http://127.0.0.1:' + server.address().port, token)).status).toBe(200)
  await new Promise((resolve) => server.close(resolve))
})
`
const SUITES = `
describeAdapter('@kinde-billing/node', { start: (options) => listen(createServer(kindeBilling(options))) })
describeInbox('the memory inbox', () => ({ inbox: createMemoryInbox() }), { startsAtOnce: true })
`

const requires = (names: Record<string, string>): string =>
  Object.entries(names)
    .map(([from, name]) => `const { ${name} } = require('${from}')\n`)
    .join('')
const imports = (names: Record<string, string>): string =>
  Object.entries(names)
    .map(([from, name]) => `import { ${name} } from '${from}'\n`)
    .join('')

const LOAD = { cjs: 'const load = (entry) => require(entry)\n', esm: 'const load = (entry) => import(entry)\n' }

async function install(name: string, runner: Record<string, string>, manifest = {}): Promise<string> {
  const { next: _, react: __, 'react-dom': ___, ...frameworks } = FRAMEWORKS
  const project = await emptyProject(
    inject('folder'),
    name,
    { ...packed(inject('tarballs')), ...frameworks, ...runner },
    manifest,
  )
  await npmInstall(project)
  return project
}

// the default limits of the runners, 5 s, are short for a busy machine
const LIMITS: Record<string, string[]> = {
  jest: ['--testTimeout=60000'],
  vitest: ['--testTimeout=60000', '--hookTimeout=60000'],
}

const bin = (project: string, name: string, args: string[], env = {}): Promise<unknown> =>
  run(join(project, 'node_modules/.bin', name), [...args, ...(LIMITS[name] ?? [])], {
    cwd: project,
    env: { ...process.env, ...env },
    maxBuffer: 16 * 1024 * 1024,
  })

describe('Jest', () => {
  let project: string

  beforeAll(async () => {
    project = await install('jest', {
      jest: '30.5.2',
      'ts-jest': '29.4.15',
      typescript: '5.9.3',
      'jest-environment-jsdom': '30.5.2',
    })
    for (const folder of ['commonjs', 'esm', 'ts', 'jsdom']) await mkdir(join(project, folder))
    await writeFile(
      join(project, 'jsdom/all.test.js'),
      `/** @jest-environment node */\n${requires(NAMES)}${HANDLER}${HTTP}`,
    )
    await writeFile(
      join(project, 'jsdom/page.test.js'),
      `${requires({ '@kinde-billing/state': 'definePlans, explain' })}
test('knows the plans in a test of a page', () => {
  expect([typeof TextEncoder, typeof definePlans({ pro: {} }).can, typeof explain]).toEqual(['undefined', 'function', 'function'])
})
`,
    )
    await writeFile(
      join(project, 'commonjs/all.test.js'),
      requires({ ...NAMES, ...SUITE_NAMES }) + LOAD.cjs + loadAll(ENTRIES) + HANDLER + HTTP + SUITES,
    )
    await writeFile(join(project, 'esm/package.json'), '{ "type": "module" }')
    await writeFile(
      join(project, 'esm/all.test.js'),
      imports(NAMES) + LOAD.esm + loadAll(ENTRIES.filter((entry) => !SUITE_ENTRIES.includes(entry))) + HANDLER + HTTP,
    )
    await writeFile(
      join(project, 'ts/all.test.ts'),
      `declare const test: any, expect: any\n${imports(NAMES)}
test('serves', async () => {
  const issuer = await createTestIssuer()
  const handler = createWebHandler({ issuer: issuer.issuer, jwks: issuer.jwks, on: { 'customer.plan_changed': (event) => void event.plan.code } })
  const body: string = await issuer.sign(billingEventFixture('customer.plan_changed'))
  expect((await handler(new Request('http://app.example/', { method: 'POST', body }))).status).toBe(200)
  expect([createServer, kindeBilling, createMemoryInbox, deliver].every((one) => typeof one === 'function')).toBe(true)
})
`,
    )
    const compilerOptions = {
      module: 'commonjs',
      moduleResolution: 'node10',
      target: 'es2022',
      strict: true,
      esModuleInterop: true,
      types: ['node'],
    }
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  })

  it('runs in its default, CommonJS, with the two suites', async () => {
    await bin(project, 'jest', ['--rootDir', 'commonjs'], { NODE_OPTIONS: '--no-experimental-require-module' })
  })

  it('runs ESM', async () => {
    await bin(project, 'jest', ['--rootDir', 'esm'], { NODE_OPTIONS: '--experimental-vm-modules' })
  })

  it('runs a file with the environment node in a project whose default is jsdom, and @kinde-billing/state in jsdom', async () => {
    await bin(project, 'jest', ['--rootDir', 'jsdom', '--env', 'jsdom'])
  })

  it('runs TypeScript through ts-jest', async () => {
    const transform = JSON.stringify({ '^.+\\.ts$': ['ts-jest', { tsconfig: join(project, 'tsconfig.json') }] })
    await bin(project, 'jest', ['--rootDir', 'ts', '--transform', transform])
  })
})

describe.each(['3.2.4', '4.1.12'])('Vitest %s', (version) => {
  let project: string

  beforeAll(async () => {
    project = await install(
      `vitest-${version}`,
      { vitest: version, vite: '7.1.12', jsdom: '26.1.0', 'happy-dom': '20.0.10' },
      { type: 'module' },
    )
    const vitest = "import { expect, test } from 'vitest'\n"
    await writeFile(
      join(project, 'all.test.js'),
      vitest + imports({ ...NAMES, ...SUITE_NAMES }) + LOAD.esm + loadAll(ENTRIES) + HANDLER + HTTP + SUITES,
    )
    await writeFile(join(project, 'happy-dom.test.js'), vitest + imports(NAMES) + HANDLER)
    await writeFile(join(project, 'jsdom.test.js'), vitest + imports(NAMES) + HANDLER + HTTP)
  })

  it('runs with the two suites', async () => {
    await bin(project, 'vitest', ['run', 'all.test.js'])
  })

  it.each(['jsdom', 'happy-dom'])('runs in the environment %s', async (environment) => {
    await bin(project, 'vitest', ['run', `${environment}.test.js`, '--environment', environment])
  })
})
