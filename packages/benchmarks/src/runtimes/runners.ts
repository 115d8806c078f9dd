import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EdgeVM } from '@edge-runtime/vm'
import { type BuildOptions, build } from 'esbuild'
import { Miniflare } from 'miniflare'
import type { SuiteInput, SuiteReport } from './suite.js'

export type Runner = (input: SuiteInput) => Promise<SuiteReport>

/** Every runtime by its name on the command line. Bun and Deno are large downloads: they run where they are asked for. */
export const RUNNERS = {
  node20: node(20),
  node22: node(22),
  node24: node(24),
  workerd,
  edge: edgeRuntime,
  bun: script(['bun@1.4.5', 'run']),
  deno: script(['deno@2.9.6', 'run', '--allow-all', '--node-modules-dir=manual']),
} satisfies Record<string, Runner>

export type RuntimeName = keyof typeof RUNNERS

export const BY_DEFAULT: readonly RuntimeName[] = ['node20', 'node22', 'node24', 'workerd', 'edge']

const HERE = import.meta.dirname
/** Inside the package, so that scripts find the workspace's packages as an application finds its dependencies. */
const OUT = join(HERE, '../../dist/runtimes')

const run = promisify(execFile)

/** Twice: the packages imported, and the packages required. */
function node(major: number): Runner {
  return async (input) => {
    const reports = [
      await runScript(nodeCommand(major), 'esm', input),
      await runScript(nodeCommand(major), 'cjs', input),
    ]
    return {
      passed: reports.reduce((sum, { passed }) => sum + passed, 0),
      failures: reports.flatMap(({ failures }, index) =>
        failures.map((text) => `${['import', 'require'][index]}: ${text}`),
      ),
    }
  }
}

function nodeCommand(major: number): string[] {
  return process.versions.node.startsWith(`${major}.`) ? [process.execPath] : ['npx', '-y', `node@${major}`]
}

function script(packageAndCommand: readonly string[]): Runner {
  return (input) => runScript(['npx', '-y', ...packageAndCommand], 'esm', input)
}

async function runScript(
  [command = '', ...args]: string[],
  format: 'esm' | 'cjs',
  input: SuiteInput,
): Promise<SuiteReport> {
  const code = await bundle('entry-script.ts', { format, platform: 'node', packages: 'external' })
  const path = join(OUT, format === 'esm' ? 'suite.mjs' : 'suite.cjs')
  await mkdir(OUT, { recursive: true })
  await writeFile(path, code)
  const { stdout } = await run(command, [...args, path, JSON.stringify(input)], { cwd: OUT, timeout: 180_000 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

async function workerd(input: SuiteInput): Promise<SuiteReport> {
  const code = await bundle('entry-worker.ts', { format: 'iife', conditions: ['workerd', 'worker', 'browser'] })
  const miniflare = new Miniflare({ script: code, compatibilityDate: '2026-01-01' })
  try {
    const response = await miniflare.dispatchFetch('http://suite/', { method: 'POST', body: JSON.stringify(input) })
    return (await response.json()) as SuiteReport
  } finally {
    await miniflare.dispose()
  }
}

async function edgeRuntime(input: SuiteInput): Promise<SuiteReport> {
  const code = await bundle('entry-global.ts', { format: 'iife', conditions: ['edge-light', 'worker', 'browser'] })
  const vm = new EdgeVM({ initialCode: code })
  return vm.evaluate<Promise<SuiteReport>>(`runSuite(${JSON.stringify(input)})`)
}

async function bundle(entry: string, options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(HERE, entry)],
    bundle: true,
    write: false,
    target: 'es2022',
    logLevel: 'error',
    ...options,
  })
  return outputFiles?.[0]?.text ?? ''
}
