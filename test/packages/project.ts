import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { CONSUMER } from './consumer.js'
import { PUBLISHED, run } from './tarballs.js'

/** The frameworks and drivers of the consumer, in the versions of this workspace: they are in the cache already. */
export const FRAMEWORKS: Record<string, string> = {
  fastify: '5.12.8',
  hono: '4.13.19',
  next: '16.4.6',
  react: '19.3.1',
  'react-dom': '19.3.1',
  pg: '8.23.1',
  redis: '6.3.1',
  // 12 has no CommonJS build
  '@nestjs/common': '11.2.10',
  '@nestjs/core': '11.2.10',
  'reflect-metadata': '0.2.2',
  rxjs: '7.8.2',
  '@types/node': '20.19.43',
  '@types/pg': '8.23.1',
}

/** Every package as a dependency, by its tarball. */
export function packed(tarballs: Record<string, string>): Record<string, string> {
  return Object.fromEntries(PUBLISHED.map((name) => [`@kinde-billing/${name}`, `file:${tarballs[name]}`]))
}

/** A new folder under `parent` with a manifest and nothing else. */
export async function emptyProject(
  parent: string,
  name: string,
  dependencies: Record<string, string> = {},
  manifest: Record<string, unknown> = {},
): Promise<string> {
  const project = await mkdtemp(join(parent, `${name}-`))
  await writeFile(join(project, 'package.json'), JSON.stringify({ name, private: true, dependencies, ...manifest }))
  return project
}

export function npmInstall(project: string): Promise<unknown> {
  return run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd: project,
    maxBuffer: 16 * 1024 * 1024,
  })
}

/** The consumer as plain JavaScript. */
export function consumerAs(format: 'esm' | 'cjs'): string {
  const module = format === 'esm' ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS
  const compilerOptions = { module, target: ts.ScriptTarget.ES2022, esModuleInterop: true }
  return ts.transpileModule(CONSUMER, { compilerOptions }).outputText
}

/** What the consumer prints. */
export const CONSUMER_OUTPUT = 'works active true true function\n'

/** The errors that TypeScript of the project's `typescript-<version>` reports. */
export async function compile(project: string, version: string, args: readonly string[]): Promise<string[]> {
  const tsc = join(project, `node_modules/typescript-${version}/bin/tsc`)
  const options = { cwd: project, maxBuffer: 16 * 1024 * 1024 }
  const output = await run('node', [tsc, '--strict', '--target', 'es2022', '--types', 'node', ...args], options).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout || `error TS: no output. ${stderr}`,
  )
  return output.split('\n').filter((line) => line.includes('error TS'))
}
